"""Optuna's and PyTorch's sides of `deno task bench:sweep`. Arguments: one JSON object with `dataFolder`, `trials` (a list of
{"rate", "seed"}), `epochs`, `batchSize`, `studentDim`, `processes`, `threads` (of each process) and `compiled`.

Data are in memory before anything is timed, and processes are forked from this one, so that a sweep does not wait for imports.
Studies are in memory, one for each process with its share of the trials: nothing is faster, and a study in SQLite whose engine is
forked can lose a process. Speaks JSON lines: for each {"steps"}, how long each of so many sweeps took, and the final losses of the last.
"""
import json
import multiprocessing
import os
import sys
from time import perf_counter

try:
    import numpy
    import optuna
    import torch
    from exact_values import lnsp_student
except ImportError as error:
    sys.exit(f"Cannot run Optuna's side: {sys.executable} cannot import it: {error}")

CHUNK_ROWS = 1024
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def load(folder):
    """Training and validation rows in float32."""
    manifest = json.load(open(os.path.join(folder, "manifest.json")))
    column = manifest["columns"]["embedding"]
    with open(os.path.join(folder, column["file"]), "rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        begin, end = json.loads(file.read(header_bytes))[column["tensor"]]["data_offsets"]
        file.seek(8 + header_bytes + begin)
        values = numpy.frombuffer(file.read(end - begin), dtype="<f2").reshape(column["shape"])
    rows = torch.from_numpy(values.astype("float32"))
    return [rows[manifest["splits"][name]["start"] : manifest["splits"][name]["end"]] for name in ("train", "validation")]


class Trainer:
    """Trains one trial after the other; a compiled step is compiled once a process."""

    def __init__(self, order, data):
        self.order, (self.train, self.validation) = order, data
        self.compiled = None

    def __call__(self, rate, seed):
        """The lowest validation loss."""
        torch.manual_seed(seed)
        model = lnsp_student(self.train.shape[1], self.order["studentDim"], 192)
        return (self.compiled_trial if self.order["compiled"] else self.eager_trial)(model, rate)

    def batches(self):
        size = self.order["batchSize"]
        rows = torch.randperm(len(self.train))
        for start in range(0, len(rows) - size + 1, size):
            yield self.train[rows[start : start + size]]

    def validate(self, call):
        with torch.no_grad():
            chunks = self.validation.split(CHUNK_ROWS)
            sums = [torch.nn.functional.mse_loss(call(x), x).item() * len(x) for x in chunks]
        return sum(sums) / len(self.validation)

    def eager_trial(self, model, rate):
        optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
        best = float("inf")
        for _ in range(self.order["epochs"]):
            for x in self.batches():
                optimizer.zero_grad(set_to_none=True)
                loss = torch.nn.functional.mse_loss(model(x), x)
                loss.backward()
                optimizer.step()
            best = min(best, self.validate(model))
        return best

    def compiled_trial(self, model, rate):
        self.compiled = self.compiled or compiled_step(model)
        values = {name: value.detach().clone() for name, value in model.named_parameters()}
        first, second = ({name: torch.zeros_like(value) for name, value in values.items()} for _ in range(2))
        best, taken = float("inf"), 0
        for _ in range(self.order["epochs"]):
            for x in self.batches():
                taken += 1
                # Tensors: a number would be compiled in, once a step.
                step_size = torch.tensor(rate / (1 - BETA1**taken))
                self.compiled(values, first, second, x, step_size, torch.tensor((1 - BETA2**taken) ** -0.5))
            best = min(best, self.validate(lambda x: torch.func.functional_call(model, values, (x,))))
        return best


def compiled_step(model):
    """torch.optim's own step breaks the graph and is slower when compiled; written out, it is fused with the gradients."""

    def loss_of(values, x):
        return torch.nn.functional.mse_loss(torch.func.functional_call(model, values, (x,)), x)

    def update(values, first, second, x, step_size, correction):
        gradients, _ = torch.func.grad_and_value(loss_of)(values, x)
        for name, gradient in gradients.items():
            first[name].lerp_(gradient, 1 - BETA1)
            second[name].mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            values[name].sub_(step_size * first[name] / (second[name].sqrt() * correction + EPSILON))

    return torch.no_grad()(torch.compile(update, fullgraph=True, dynamic=False))


def optimize(trainer, trials):
    """Trials through a study of their own: rate, seed and loss of each."""
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.RandomSampler())
    for trial in trials:
        study.enqueue_trial(trial)

    def objective(trial):
        return trainer(trial.suggest_float("rate", 0, 1), trial.suggest_int("seed", 0, 2**31))

    study.optimize(objective, n_trials=len(trials))
    return [(trial.params["rate"], trial.params["seed"], trial.value) for trial in study.trials]


def sweep(order, trainer):
    """Final losses in the order of the trials."""
    trials, processes = order["trials"], order["processes"]
    shares = [trials[i::processes] for i in range(processes)]
    if processes == 1:
        parts = [optimize(trainer, shares[0])]
    else:
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()

        def work(share):
            try:
                queue.put(optimize(trainer, share))
            except BaseException as error:  # or the others would wait for this process
                queue.put(error)

        workers = [context.Process(target=work, args=(share,)) for share in shares]
        for worker in workers:
            worker.start()
        parts = [queue.get() for _ in workers]
        for worker in workers:
            worker.join()
        for part in parts:
            if isinstance(part, BaseException):
                raise part
    losses = {(rate, seed): value for part in parts for rate, seed, value in part}
    return [losses[trial["rate"], trial["seed"]] for trial in trials]


def main(text):
    order = json.loads(text)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.set_num_threads(order["threads"])
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    started = perf_counter()
    trainer = Trainer(order, load(order["dataFolder"]))
    if order["compiled"]:  # before processes are forked
        trainer(1e-3, 1)
    create_ms = (perf_counter() - started) * 1e3
    version = f"{optuna.__version__} with PyTorch {torch.__version__}"
    send({"createMs": create_ms, "checkedStepsMs": 0, "version": version})
    for line in sys.stdin:
        samples = []
        for _ in range(json.loads(line)["steps"]):
            before = perf_counter()
            losses = sweep(order, trainer)
            samples.append((perf_counter() - before) * 1e3)
        send({"samplesMs": samples, "losses": losses})


def send(message):
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
