// First step of `npm run report` and `npm test`: with nothing but Node.js it installs the pinned packages, Deno among them, and hands
// over to `deno task`. Plain JavaScript that even an old Node can parse (no `?.`, no `node:` imports), so that it can say what is missing.
//
//   node lib/cli/bootstrap.mjs TASK [ARGUMENTS]         from npm's scripts: installs, then `deno task TASK`
//   node lib/cli/bootstrap.mjs run MODULE [ARGUMENTS]   from the tasks: installs, then runs MODULE
//
// The tasks come here too because `deno` inside a task would be npm's launcher, which ends at Ctrl-C before the command
// has stopped its children; and so that the pinned Deno runs them, whichever one the user has.

import { spawn } from "child_process";
import { createHash } from "crypto";
import fs from "fs";
import path from "path";
import { fileURLToPath } from "url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const MIN_NODE_MAJOR = 20;
const DENO_PACKAGES = { "linux-x64": "@deno/linux-x64-glibc", "darwin-arm64": "@deno/darwin-arm64" };
const STAMP = path.join(ROOT, "node_modules", ".latent-lab-install");
const STARTED_VARIABLE = "LATENT_LAB_BOOTSTRAP";
const LOCK = path.join(ROOT, ".cache", "install.lock");

/** A problem that the user can solve: shown as one sentence, without a stack. */
class SetupError extends Error {}

/** Throws when this machine cannot run the workspace. */
export function checkMachine({ nodeVersion, platform, arch, glibc }) {
  const major = Number(nodeVersion.split(".")[0]);
  if (!(major >= MIN_NODE_MAJOR)) {
    throw new SetupError(
      `Latent Lab needs Node.js ${MIN_NODE_MAJOR}, 22 or 24, and this is Node.js ${nodeVersion}: ` +
        "install a newer one (https://nodejs.org) and run the command again.",
    );
  }
  if (!DENO_PACKAGES[`${platform}-${arch}`]) {
    throw new SetupError(
      `Latent Lab runs on Linux x64 and macOS arm64 (Apple silicon), and this is ${platform} ${arch}: ` +
        "use one of those, or a Linux container or virtual machine.",
    );
  }
  if (platform === "linux" && !glibc) {
    throw new SetupError(
      "Latent Lab needs a Linux with glibc, and this one has another C library (Alpine?): use Debian, Ubuntu or Fedora.",
    );
  }
}

/** What must be installed, as one hash: the lockfile and the platform. */
export function wantedInstall(root) {
  const lockPath = path.join(root, "package-lock.json");
  if (!fs.existsSync(lockPath)) {
    throw new SetupError(
      "Cannot install: package-lock.json is missing; restore it with `git checkout package-lock.json`.",
    );
  }
  const hash = createHash("sha256").update(fs.readFileSync(lockPath)).digest("hex");
  return `${hash} ${process.platform}-${process.arch}`;
}

/** Whether node_modules is what package-lock.json says: by our stamp, or, for an install by hand, by npm's own list. */
export function isInstalled(root, wanted) {
  if (!fs.existsSync(denoPath(root))) return false;
  const stamp = path.join(root, "node_modules", path.basename(STAMP));
  if (fs.existsSync(stamp)) return fs.readFileSync(stamp, "utf8").trim() === wanted;
  const listPath = path.join(root, "node_modules", ".package-lock.json");
  if (!fs.existsSync(listPath)) return false;
  const locked = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(fs.readFileSync(listPath, "utf8")).packages;
  return Object.keys(locked).every((name) => {
    if (name === "") return true;
    if (!present[name]) return locked[name].optional === true;
    return present[name].version === locked[name].version;
  });
}

/** Path of this platform's Deno: the binary itself, since npm's launcher needs an install script. */
export function denoPath(root) {
  const name = DENO_PACKAGES[`${process.platform}-${process.arch}`];
  return path.join(root, "node_modules", name, "deno");
}

/** Refuses to install through a link: npm would empty a folder that other checkouts use. */
export function refuseLink(root) {
  const folder = path.join(root, "node_modules");
  if (!fs.existsSync(folder) || !fs.lstatSync(folder).isSymbolicLink()) return;
  throw new SetupError(
    `Cannot install: ${folder} is a link, and not what package-lock.json says; install where it points.`,
  );
}

async function install(wanted) {
  refuseLink(ROOT);
  const release = await takeLock(LOCK);
  try {
    if (isInstalled(ROOT, wanted)) return; // the process that we waited for did it
    console.error("Installing the npm packages (once, about 1 GB on disk) ...");
    const startMs = Date.now();
    await runNpm([
      "ci",
      "--ignore-scripts",
      "--include=dev",
      "--include=optional",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
    ]);
    if (!fs.existsSync(denoPath(ROOT))) {
      throw new SetupError(
        `Cannot install: npm reported success but left out ${DENO_PACKAGES[`${process.platform}-${process.arch}`]}; ` +
          "remove node_modules and run the command again.",
      );
    }
    console.error(`Installed in ${Math.round((Date.now() - startMs) / 1000)} s.`);
  } finally {
    release();
  }
}

/** Notes that node_modules matches the lockfile, so that the next start need not compare the lists. */
function writeStamp(wanted) {
  const temporary = `${STAMP}.${process.pid}`;
  try {
    fs.writeFileSync(temporary, `${wanted}\n`);
    fs.renameSync(temporary, STAMP);
  } catch (_error) {
    // A read-only node_modules only means that the lists are compared again.
  }
}

function runNpm(args) {
  // Under `npm run`, npm names its own script; this finds it even where `npm` is not on PATH.
  const script = process.env.npm_execpath;
  const viaScript = script && /npm-cli\.c?js$/.test(script);
  const command = viaScript ? process.execPath : "npm";
  const env = Object.assign({}, process.env, { ONNXRUNTIME_NODE_INSTALL: "skip" });
  return new Promise((resolve, reject) => {
    const child = spawn(command, viaScript ? [script].concat(args) : args, {
      cwd: ROOT,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (chunk) => (log += chunk));
    child.on("error", () => {
      reject(
        new SetupError("Cannot install: npm was not found; install Node.js together with npm (https://nodejs.org)."),
      );
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new SetupError(installFailure(log, code === null ? signal : `code ${code}`)));
    });
  });
}

/** One sentence about a failed `npm ci`, with npm's own reason and what to do about the usual ones. */
export function installFailure(log, ending) {
  const lines = log.split("\n").filter((line) => /^npm (error|ERR!)/i.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/i, "")).filter((line) =>
      line && !/complete log|^A complete/.test(line)
    );
  const codeLine = lines.find((line) => /^code /.test(line));
  const code = codeLine ? codeLine.slice(5).trim() : "";
  const reason = lines.filter((line) => !/^(code|syscall|errno) /.test(line)).slice(0, 2).join(" ");
  let advice = "see the message of npm, then run the command again";
  if (/ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET|FETCH/.test(code)) {
    advice = "check the network, the proxy and `npm config get registry`, then run the command again";
  } else if (/^E40[134]|^E5/.test(code)) advice = "check `npm config get registry` and your access to it";
  else if (/ENOSPC/.test(code)) advice = "free about 1 GB of disk space and run the command again";
  else if (/EACCES|EPERM|EROFS/.test(code)) advice = "make the project's folder writable for you (no sudo is needed)";
  else if (/EUSAGE/.test(code)) {
    advice = "restore package.json and package-lock.json with git, then run the command again";
  }
  return `Cannot install the npm packages (npm ci ended with ${ending}${code ? `, ${code}` : ""}${
    reason ? `: ${reason}` : ""
  }): ${advice}.`;
}

/** Waits until no other install runs, and returns the function that ends ours. The lock of a dead process is taken over. */
export async function takeLock(lockPath, pollMs = 300) {
  fs.mkdirSync(path.dirname(lockPath), { recursive: true });
  let announced = false;
  for (;;) {
    try {
      fs.writeFileSync(lockPath, String(process.pid), { flag: "wx" });
      return () => fs.rmSync(lockPath, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw new SetupError(`Cannot install: ${error.message}.`);
    }
    const owner = readOwner(lockPath);
    if (owner !== null && !isAlive(owner)) removeStale(lockPath, owner);
    else {
      if (!announced) console.error(`Another install is running (process ${owner}); waiting for it ...`);
      announced = true;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

function readOwner(lockPath) {
  try {
    const pid = Number(fs.readFileSync(lockPath, "utf8"));
    if (pid > 0) return pid;
    // Empty: its owner is about to write its id, or died before it could.
    return Date.now() - fs.statSync(lockPath).mtimeMs > 5000 ? 0 : null;
  } catch (_error) {
    return null; // released in this moment
  }
}

function isAlive(pid) {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function removeStale(lockPath, owner) {
  // Renamed first: of two processes that see the stale lock, one removes it, and a lock taken meanwhile is put back.
  const aside = `${lockPath}.${process.pid}`;
  try {
    fs.renameSync(lockPath, aside);
    if (Number(fs.readFileSync(aside, "utf8")) !== owner) fs.linkSync(aside, lockPath);
    fs.rmSync(aside, { force: true });
  } catch (_error) {
    // Someone else was faster.
  }
}

/** Starts Deno and ends as it ends. */
function runDeno(args) {
  const deno = denoPath(ROOT);
  try {
    fs.accessSync(deno, fs.constants.X_OK);
  } catch (_error) {
    fs.chmodSync(deno, 0o755);
  }
  const env = Object.assign({}, process.env, {
    DENO_NO_UPDATE_CHECK: "1",
    ONNXRUNTIME_NODE_INSTALL: "skip",
    [STARTED_VARIABLE]: ROOT,
  });
  const child = spawn(deno, args, { cwd: ROOT, env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.kill(child.pid, signal));
  child.on(
    "error",
    (error) => finish(new SetupError(`Cannot start Deno: ${error.message}; remove node_modules and retry.`)),
  );
  child.on("close", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code);
  });
}

function finish(error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exitCode = 1;
}

function hasGlibc() {
  // Under Deno, which may run this file inside a task, the question has been answered.
  if (process.platform !== "linux" || process.versions.deno) return true;
  return Boolean(process.report.getReport().header.glibcVersionRuntime);
}

function main() {
  const [command, ...rest] = process.argv.slice(2);
  const isTask = command !== "run";
  if (isTask && process.env[STARTED_VARIABLE] === ROOT) {
    // deno.json lacks the task, so that `deno task` fell back to the npm script, which starts this file: forever, if not stopped.
    throw new SetupError(
      `Cannot start: deno.json has no task "${command}"; restore it with \`git checkout deno.json\`.`,
    );
  }
  const nodeVersion = process.versions.node;
  const oldNode = !(Number(nodeVersion.split(".")[0]) >= MIN_NODE_MAJOR);
  const { platform, arch } = process;
  // The C library is asked only of a Node that can tell.
  checkMachine({ nodeVersion, platform, arch, glibc: oldNode || hasGlibc() });
  const wanted = wantedInstall(ROOT);
  const ready = isInstalled(ROOT, wanted) ? Promise.resolve() : install(wanted);
  return ready.then(() => {
    if (!fs.existsSync(STAMP)) writeStamp(wanted);
    else if (fs.readFileSync(STAMP, "utf8").trim() !== wanted) writeStamp(wanted);
    runDeno(isTask ? ["task", "--quiet", command].concat(rest) : ["run", "--allow-all"].concat(rest));
  });
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fs.realpathSync(fileURLToPath(import.meta.url))) {
  Promise.resolve().then(main).catch(finish);
}
