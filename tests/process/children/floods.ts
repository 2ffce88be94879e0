// A child that prints without end.
while (true) console.log("0123456789".repeat(1000));
