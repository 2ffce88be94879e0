// Trials as short arrays: ten thousand of them are part of a page.

/** Stands for a parameter that a trial does not have. */
const ABSENT = "\u0000";

/**
 * @param {any} trial
 * @param {string[]} names of the parameters
 * @param {boolean} hasPage whether there is a page of this trial to link to
 * @returns {unknown[]}
 */
export function encodeTrial(trial, names, hasPage) {
  const { number, key, state, parameters, values, parameterCount, epochs, epochsPlanned, seconds, attempts } = trial;
  const parts = names.map((name) => name in parameters ? parameters[name] : ABSENT);
  const short = Math.round(seconds * 1000) / 1000;
  return [
    number,
    key,
    state,
    parts,
    values,
    parameterCount,
    epochs,
    epochsPlanned,
    short,
    attempts,
    trial.message ?? 0,
    (trial.pinned ? 1 : 0) + (hasPage ? 2 : 0),
  ];
}

/** @param {any[]} encoded @param {string[]} names */
export function decodeTrial(encoded, names) {
  const [number, key, state, parts, values, parameterCount, epochs, epochsPlanned, seconds, attempts, message, flags] =
    encoded;
  const parameters = Object.fromEntries(
    names.map((name, i) => [name, parts[i]]).filter(([, value]) => value !== ABSENT),
  );
  return {
    number,
    key,
    state,
    parameters,
    values,
    parameterCount,
    epochs,
    epochsPlanned,
    seconds,
    attempts,
    message: message === 0 ? null : message,
    pinned: (flags & 1) !== 0,
    hasPage: (flags & 2) !== 0,
  };
}
