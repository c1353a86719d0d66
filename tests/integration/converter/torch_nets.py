"""Module classes for the tests of the PyTorch converter: what a user's own file holds."""

import torch
from torch import nn


class Dead(nn.Module):
    """Its ReLU never lets anything through."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 2)
        nn.init.constant_(self.first.bias, -1e6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same for everything."""
        return self.second(torch.relu(self.first(x)))


class Gamma(nn.Module):
    """Uses a function that ONNX does not have."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Log of gamma."""
        return torch.lgamma(x.abs() + 1)


class Branch(nn.Module):
    """Decides on values."""

    def __init__(self) -> None:
        super().__init__()
        self.yes, self.no = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One layer or the other."""
        if x.sum() > 0:
            return self.yes(x)
        return self.no(x)


class Fixed(nn.Module):
    """Only takes four rows."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Through a shape that names the rows."""
        return self.layer(x.reshape(4, 2, 2).reshape(4, 4))


class Named(nn.Module):
    """Two inputs by name, a dictionary back, and a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.layer, self.drop = nn.Embedding(9, 4), nn.Linear(4, 2), nn.Dropout(0.5)

    def forward(
        self, ids: torch.Tensor | None = None, mask: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Scores."""
        assert ids is not None
        states = self.drop(self.words(ids))
        if mask is not None:
            states = states * mask.unsqueeze(-1)
        return {"scores": self.layer(states.mean(1)), "states": states}


class Steps(nn.Module):
    """As many steps as an input says."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        """Step by step."""
        for _ in range(int(count)):
            x = torch.tanh(self.layer(x))
        return x


class States(nn.Module):
    """Recurrent layers, one with a state that is given and given back."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.LSTM(4, 6, batch_first=True, bidirectional=True)
        self.second = nn.GRU(12, 8, batch_first=True)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last step, and the state behind it."""
        steps, state = self.second(self.first(x)[0], h)
        return steps[:, -1], state


class ByName(nn.Module):
    """Takes its inputs by name only, one of them a single number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, *, x: torch.Tensor, heat: torch.Tensor) -> torch.Tensor:
        """Scores."""
        return self.layer(x) / heat


class Drawn(nn.Module):
    """Keeps random numbers that are no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 2)
        self.waves = torch.randn(4, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Of random waves."""
        return self.layer(torch.cos(x @ self.waves))
