// Entry of the optimizer kernel: everything that the compiled module exports.

export { adam } from "./adam.as";
export { adam8bit } from "./adam8bit.as";
export { addInto, sumSquares } from "./gradient.as";
export { sgd } from "./sgd.as";
