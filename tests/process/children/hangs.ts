// A child that never ends, not even on request: it is busy.
console.log("busy");
while (true);
