// Truth values: And, Or, Not, and the comparisons that include equality.

import { defineOperators, type Operator } from "../operator.ts";
import { describe } from "../tensor.ts";
import { binaryOperator } from "./elementwise.ts";

/** The same definition for bool inputs only. */
function ofBools(operator: Operator): Operator {
  return {
    ...operator,
    infer(inputs, attributes) {
      const odd = inputs.find(({ dtype }) => dtype !== "bool");
      if (odd) {
        throw new TypeError(`Cannot apply ${operator.type} to ${describe(odd)}: expected bool, got ${odd.dtype}`);
      }
      return operator.infer(inputs, attributes);
    },
  };
}

defineOperators(
  ofBools(binaryOperator({ type: "And", verb: "combine", compute: (a, b) => Number(a && b) })),
  ofBools(binaryOperator({ type: "Or", verb: "combine", compute: (a, b) => Number(a || b) })),
  ofBools({
    type: "Not",
    infer: ([x]) => [{ dtype: "bool", shape: x.shape }],
    evaluate: ([x], _attributes, [output]) => [{ ...output, data: x.data.map((value) => Number(!value)) }],
  }),
  binaryOperator({ type: "GreaterOrEqual", verb: "compare", compute: (a, b) => Number(a >= b), result: "bool" }),
  binaryOperator({ type: "LessOrEqual", verb: "compare", compute: (a, b) => Number(a <= b), result: "bool" }),
);
