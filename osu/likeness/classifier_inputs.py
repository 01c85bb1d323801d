"""Inputs of the likeness classifiers: a play's frames relative to the map, and window features.

Pure torch on the channels of osu.features, on any device, so that a training run can ask the same
question of its own batches as the likeness report asks of files.
"""

from enum import IntEnum

import torch
from torch import Tensor

from osu.features.condition import NEAR_S, Condition
from osu.features.play import Play
from osu.likeness.measures import STILL_PX_PER_MS
from osu.units import FRAME_MS, UNIT_PX

NEIGHBOURS = (-1, 0, 1)  # the last object, the current one and the next
_OBJECT_PARTS = ("dx", "dy", "near", "mid", "slider", "exists")

Channel = IntEnum(
    "Channel",
    ["X", "Y", "VX", "VY", "AX", "AY", "JX", "JY", "K1", "K2"]
    + ["PRESS", "PRESS_ERROR", "PRESS_DISTANCE"]
    + ["BALL_DX", "BALL_DY", "BALL_ON", "SPINNER_ON", "RADIUS", "WINDOW_50"]
    + [f"OBJECT{slot:+d}_{name.upper()}" for slot in NEIGHBOURS for name in _OBJECT_PARTS],
    start=0,
)
ERROR_S = 0.05  # unit of the press error


def classifier_channels(play: Tensor, condition: Tensor) -> Tensor:
    """(B, T, len(Channel)) of a play (B, T, len(Play)) and its condition (B, T, len(Condition)).

    Derivatives are asinh of osu!px per frame, frame^2 and frame^3: a tremor of a tenth of a pixel
    and a jump of a hundred are both resolved. Objects and ball are relative to the cursor, asinh
    of radii.
    """
    cursor = play[..., [Play.X, Play.Y]]
    derivatives, order = [], cursor * UNIT_PX
    for _ in range(3):
        order = torch.diff(order, dim=1, prepend=order[:, :1])
        # The padding's own difference is no movement; it must not look like one later.
        order = torch.cat([torch.zeros_like(order[:, :1]), order[:, 1:]], 1)
        derivatives.append((4 * order).asinh() / 4)
    radius = condition[..., [Condition.MAP_RADIUS]]

    def relative(x: Condition, y: Condition) -> Tensor:
        return ((condition[..., [x, y]] - cursor) / radius).asinh()

    ball_on = condition[..., [Condition.BALL_ON]]
    constants = [Condition.SPINNER_ON, Condition.MAP_RADIUS, Condition.MAP_WINDOW_50_S]
    parts = [
        cursor, *derivatives, play[..., [Play.K1, Play.K2]], presses(play, condition),
        relative(Condition.BALL_X, Condition.BALL_Y) * ball_on, ball_on, condition[..., constants],
    ]  # fmt: skip
    for slot in NEIGHBOURS:
        exists = condition[..., [_object(slot, "EXISTS")]]
        parts.append(relative(_object(slot, "X"), _object(slot, "Y")) * exists)
        names = ("START_NEAR", "START_MID", "SLIDER", "EXISTS")
        parts.append(condition[..., [_object(slot, name) for name in names]])
    return torch.cat(parts, -1)


def presses(play: Tensor, condition: Tensor) -> Tensor:
    """(B, T, 3): 1 where a key goes down; there the time from the nearest object in units of
    ERROR_S (late is positive) and the asinh of the distance to it in radii; 0 elsewhere.

    Objects further than about NEAR_S * 4 in time read as that far.
    """
    keys = play[..., [Play.K1, Play.K2]]
    pressed = (keys > 0) & (torch.cat([keys[:, :1], keys[:, :-1]], 1) <= 0)
    press = pressed.any(-1, keepdim=True).float()
    # A press lies inside its first frame, as late as the frame's share is small.
    inside_s = (0.5 - (keys * pressed).amax(-1, keepdim=True)) * (FRAME_MS / 1000)
    until_s, apart = [], []
    for slot in NEIGHBOURS:
        near = condition[..., [_object(slot, "START_NEAR")]].clamp(-0.999, 0.999).atanh() * NEAR_S
        until_s.append(near + (1 - condition[..., [_object(slot, "EXISTS")]]))
        away = (
            condition[..., [_object(slot, "X"), _object(slot, "Y")]] - play[..., [Play.X, Play.Y]]
        )
        apart.append(away.norm(dim=-1, keepdim=True) / condition[..., [Condition.MAP_RADIUS]])
    times = torch.cat(until_s, -1)
    nearest = times.abs().argmin(-1, keepdim=True)
    error = (inside_s - times.gather(-1, nearest)) / ERROR_S
    distance = torch.cat(apart, -1).gather(-1, nearest).asinh()
    return torch.cat([press, error.clamp(-4, 4) * press, distance * press], -1)


def _object(slot: int, name: str) -> Condition:
    return Condition[f"OBJECT{slot:+d}_{name}"]


def window_features(windows: Tensor) -> Tensor:
    """(N, features) of windows (N, T, len(Channel)): much like the report's numbers, per window."""

    def part(*names: str) -> Tensor:
        return windows[..., [Channel[name] for name in names]]

    def size(*names: str) -> Tensor:  # osu!px per frame^k, (N, T)
        return ((4 * part(*names)).sinh() / 4).norm(dim=-1)

    def quantiles(values: Tensor, *shares: float) -> Tensor:
        return torch.quantile(values, torch.tensor(shares, device=values.device), dim=1).T

    def mean(values: Tensor, where: Tensor) -> Tensor:  # over the marked frames, 0 without any
        where = where.float()
        return ((values * where).sum(1) / where.sum(1).clamp(min=1))[:, None]

    def spread(values: Tensor, where: Tensor) -> Tensor:
        return mean((values - mean(values, where)) ** 2, where).sqrt()

    speed, acceleration, jerk = size("VX", "VY"), size("AX", "AY"), size("JX", "JY")
    moving = speed > STILL_PX_PER_MS * FRAME_MS
    features = [quantiles((speed + 0.05).log(), 0.05, 0.25, 0.5, 0.75, 0.95)]
    features += [quantiles((x + 0.05).log(), 0.1, 0.5, 0.9) for x in (acceleration, jerk)]
    features.append((~moving).float().mean(1, keepdim=True))
    peak = (speed[:, 1:-1] > speed[:, :-2]) & (speed[:, 1:-1] >= speed[:, 2:]) & moving[:, 1:-1]
    features.append(peak.float().mean(1, keepdim=True))

    velocity = (4 * part("VX", "VY")).sinh() / 4
    cross = velocity[:, :-1, 0] * velocity[:, 1:, 1] - velocity[:, :-1, 1] * velocity[:, 1:, 0]
    turn = torch.atan2(cross, (velocity[:, :-1] * velocity[:, 1:]).sum(-1))  # (N, T - 1) rad
    both_move = moving[:, 1:] & moving[:, :-1]
    features += [mean(turn.abs(), both_move), mean(turn, both_move), spread(turn, both_move)]

    accelerated = (4 * part("AX", "AY")).sinh() / 4
    hann = torch.hann_window(windows.shape[1], device=windows.device)[:, None]
    power = torch.fft.rfft(accelerated * hann, dim=1).abs().square().sum(-1)  # (N, T / 2 + 1)
    features += [(band.mean(1, keepdim=True) + 0.1).log() for band in power.chunk(8, dim=1)]

    keys = part("K1", "K2")
    down = keys > 0
    pressed = down[:, 1:] & ~down[:, :-1]  # (N, T - 1, 2)
    features += [keys.mean(1), pressed.float().mean(1), (down.all(-1)).float().mean(1)[:, None]]
    features.append(((keys > 0) & (keys < 1)).float().mean(1))
    features.append((keys.amin(-1)).mean(1, keepdim=True))

    press, error, distance = part("PRESS", "PRESS_ERROR", "PRESS_DISTANCE").unbind(-1)
    distance = distance.sinh()
    hit = (press > 0) & (error.abs() < 2) & (distance < 2)
    for values in (error, error.abs(), distance):
        features += [mean(values, hit), spread(values, hit)]
    features += [mean(hit.float(), press > 0), mean(speed.log1p(), hit)]

    on = part("BALL_ON").squeeze(-1) > 0
    from_ball = part("BALL_DX", "BALL_DY").sinh().norm(dim=-1).clamp(max=5)
    features += [mean(from_ball, on), spread(from_ball, on), mean(jerk.log1p(), on)]
    spinning = part("SPINNER_ON").squeeze(-1) > 0
    from_centre = UNIT_PX * part("X", "Y").norm(dim=-1)
    features += [mean(speed.log1p(), spinning), spread(speed.log1p(), spinning)]
    features += [mean(from_centre / 50, spinning), spread(from_centre / 50, spinning)]
    features += [on.float().mean(1, keepdim=True), spinning.float().mean(1, keepdim=True)]
    return torch.cat(features, -1)
