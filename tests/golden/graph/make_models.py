"""Makes attention.safetensors, gru.safetensors, lstm.safetensors and lfm2.safetensors: models of PyTorch and transformers with
their loss and gradients in float64, and 20 float32 steps of Adam, each with the parameters and moments that it started from.

    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0
    python tests/golden/graph/make_models.py

Tensors of a file: `batch/NAME` [20, ...] the batches; `loss` [1] and `gradient` [count] in float64 of the first batch;
`step/loss` [20], `step/gradient`, `step/firstMoment`, `step/secondMoment` [20, count], `step/parameter` [21, count].
Parameters are flattened and joined in the order of the metadata's `names`. Adam's epsilon is 1e-4, so that gradients that are
zero but for rounding (a softmax does not see the keys' bias) do not become steps of full length.
"""
import copy
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import BertConfig, BertModel, Lfm2Config, Lfm2ForCausalLM
from transformers.models.lfm2 import modeling_lfm2

HERE = Path(__file__).parent
STEPS = 20
ROWS = 4
torch.set_num_threads(1)
cross_entropy = nn.functional.cross_entropy


class Attention(nn.Module):
    """A BERT of one layer, its mean over unmasked positions classified."""

    def __init__(self):
        super().__init__()
        config = BertConfig(
            vocab_size=13, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
            max_position_embeddings=5, type_vocab_size=1, hidden_dropout_prob=0, attention_probs_dropout_prob=0,
            pad_token_id=None,  # else PyTorch leaves out the gradient of row 0
        )
        self.bert, self.head = BertModel(config, add_pooling_layer=False), nn.Linear(8, 3)

    def forward(self, batch):
        mask = batch["mask"]
        hidden = self.bert(input_ids=batch["ids"].long(), attention_mask=mask.long()).last_hidden_state
        mask = mask.to(hidden.dtype)[..., None]
        return cross_entropy(self.head((hidden * mask).sum(1) / mask.sum(1)), batch["label"].long())


class Recurrent(nn.Module):
    """A forecast from the last state, scored by squared error."""

    def __init__(self, layer):
        super().__init__()
        self.cell, self.head = layer(3, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, batch):
        x, y = (batch[name].to(self.head.weight.dtype) for name in "xy")
        return nn.functional.mse_loss(self.head(self.cell(x)[0][:, -1]), y)


class LanguageModel(nn.Module):
    """LFM2 with one short convolution and one attention layer; labels of -100 do not count."""

    def __init__(self):
        super().__init__()
        self.lfm2 = Lfm2ForCausalLM(Lfm2Config(
            vocab_size=13, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=16, norm_eps=1e-5, conv_L_cache=3, conv_bias=False,
            block_auto_adjust_ff_dim=False, layer_types=["conv", "full_attention"], tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}, pad_token_id=None,
        ))

    def forward(self, batch):
        logits = self.lfm2(input_ids=batch["ids"].long(), use_cache=False).logits
        return cross_entropy(logits.flatten(0, 1), batch["labels"].long().flatten(), ignore_index=-100)


def keep_float64():
    """transformers normalises and rotates in float32 whatever the dtype; the reference stays in float64."""
    def norm(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))

    def rotary(self, x, position_ids):
        count = self.inv_freq.numel()
        frequencies = 1000000.0 ** -(torch.arange(count, dtype=torch.float64) / count)
        angles = position_ids[..., None].double() * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos().to(x.dtype), angles.sin().to(x.dtype)

    modeling_lfm2.Lfm2RMSNorm.forward = norm
    modeling_lfm2.Lfm2RotaryEmbedding.forward = rotary


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def float64_reference(model, batch):
    double = copy.deepcopy(model).double()
    loss = double(batch)
    loss.backward()
    return loss.detach().reshape(1), flat([p.grad for p in double.parameters()])


def steps_of(model, batches):
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=1e-2, eps=1e-4)
    moments = lambda key: flat([optimizer.state[p].get(key, torch.zeros_like(p)) for p in parameters])
    rows = {"loss": [], "gradient": [], "firstMoment": [], "secondMoment": [], "parameter": [flat(parameters)]}
    for step in range(STEPS):
        rows["firstMoment"].append(moments("exp_avg"))
        rows["secondMoment"].append(moments("exp_avg_sq"))
        optimizer.zero_grad(set_to_none=True)
        loss = model({name: values[step] for name, values in batches.items()})
        loss.backward()
        optimizer.step()
        rows["loss"].append(loss.detach())
        rows["gradient"].append(flat([p.grad for p in parameters]))
        rows["parameter"].append(flat(parameters))
    return {f"step/{name}": torch.stack(values) for name, values in rows.items()}


def write(name, model, batches):
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            around = 1.0 if "norm" in path.lower() and path.endswith("weight") else 0.0
            parameter.copy_(around + 0.3 * torch.randn(parameter.shape))
    first = {key: values[0] for key, values in batches.items()}
    loss, gradient = float64_reference(model, first)
    assert torch.allclose(model(first).double(), loss, rtol=1e-5)
    names = [path.removeprefix("bert.").removeprefix("lfm2.").replace("_l0", "") for path, _ in model.named_parameters()]
    tensors = {"loss": loss, "gradient": gradient, **steps_of(model, batches)}
    tensors |= {f"batch/{key}": values.float() for key, values in batches.items()}
    metadata = {"torch": torch.__version__, "rows": str(ROWS), "names": json.dumps(names)}
    save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / f"{name}.safetensors", metadata=metadata)


torch.manual_seed(1)
mask = torch.ones(STEPS, ROWS, 5)
mask[:, 1, 3:] = 0
mask[:, 2, 1:] = 0
write("attention", Attention(), {
    "ids": torch.randint(0, 13, (STEPS, ROWS, 5)), "mask": mask, "label": torch.randint(0, 3, (STEPS, ROWS)),
})
series = {"x": torch.randn(STEPS, ROWS, 6, 3), "y": torch.randn(STEPS, ROWS, 2)}
write("gru", Recurrent(nn.GRU), series)
write("lstm", Recurrent(nn.LSTM), series)
labels = torch.randint(0, 13, (STEPS, ROWS, 6))
labels[:, :, 0] = -100
labels[:, 3, 2:] = -100
language_model = LanguageModel()
ids = {"ids": torch.randint(0, 13, (STEPS, ROWS, 6)), "labels": labels}
unpatched = language_model({key: values[0] for key, values in ids.items()})
keep_float64()
assert torch.allclose(language_model({key: values[0] for key, values in ids.items()}), unpatched, rtol=1e-5)
write("lfm2", language_model, ids)
