// A child whose frame is broken by something that knows the nonce but not the format.
const nonce = Deno.env.get("LATENT_LAB_CHANNEL");
console.log(`\x1e${nonce} {"type":"mess`);
setInterval(() => {}, 1000);
