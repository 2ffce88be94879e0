"""Numbers that Python and lib/bench/exact_values.ts compute alike, to the last bit: a hash of the index (Chris Wellons'
lowbias32), its upper 24 bits as a multiple of 2^-23 in [-1, 1), times a power of two."""
import torch

MASK = 0xFFFFFFFF


def exact_values(count, stream, scale=1.0):
    """`count` float32 values in [-scale, scale); scale a power of two."""
    x = (torch.arange(count, dtype=torch.int64) + stream * 0x9E3779B9) & MASK
    x ^= x >> 16
    x = (x * 0x7FEB352D) & MASK
    x ^= x >> 15
    x = (x * 0x846CA68B) & MASK
    x ^= x >> 16
    return ((x >> 8).double() / 2**23 - 1).float() * scale


def set_exact_weights(parameters):
    """Sets parameters in order: a matrix [out, in] and the vectors after it within 2^-floor(log2(in) / 2)."""
    fan_in = 1
    for stream, parameter in enumerate(parameters):
        if parameter.dim() == 2:
            fan_in = parameter.shape[1]
        scale = 2.0 ** -((fan_in.bit_length() - 1) // 2)
        with torch.no_grad():
            parameter.copy_(exact_values(parameter.numel(), stream, scale).reshape(parameter.shape))


def lnsp_student(input_dim, student_dim, latent_dim):
    """The student of lib/models/lnsp.ts."""
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(input_dim, student_dim), nn.ReLU(), nn.Linear(student_dim, latent_dim), nn.ReLU(),
        nn.Linear(latent_dim, student_dim), nn.ReLU(), nn.Linear(student_dim, input_dim),
    )
