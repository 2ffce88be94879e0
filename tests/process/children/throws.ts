// A child that fails.
console.error("about to fail");
throw new RangeError("the learning rate is negative");
