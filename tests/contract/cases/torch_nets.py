"""Module classes for the PyTorch converter's cases: what a user's own file holds."""

import torch
from torch import nn


class Conv(nn.Module):
    """Convolutions, plain, grouped and transposed, with norms and resizing."""

    def __init__(self, channels: int = 8, classes: int = 5) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1, stride=2)
        self.norm = nn.BatchNorm2d(channels)
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.groups = nn.GroupNorm(2, channels)
        self.wider = nn.ConvTranspose2d(channels, channels, 2, stride=2)
        self.resize = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head = nn.Linear(2 * channels, classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Scores per class."""
        low = torch.relu(self.norm(self.first(image)))
        both = torch.cat([self.wider(self.groups(self.depthwise(low))), self.resize(low)], 1)
        return self.head(self.dropout(both.mean((2, 3))))


class Recurrent(nn.Module):
    """Tokens through an embedding and a two-way LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 6)
        self.lstm = nn.LSTM(6, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Two scores per sequence."""
        states, _ = self.lstm(self.words(tokens))
        return self.head(states[:, -1])


class Encoder(nn.Module):
    """A transformer's encoder with a padding mask; answers a dictionary, as models of Hugging Face do."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 3)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> dict[str, torch.Tensor | None]:
        """Scores per class, and the mean state."""
        states = self.layers(self.words(input_ids), src_key_padding_mask=attention_mask == 0)
        kept = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * kept).sum(1) / kept.sum(1).clamp(min=1)
        return {"logits": self.head(mean), "state": mean, "loss": None}


class Tables(nn.Module):
    """Categories and numbers; a state has one name on both sides, and the table of the categories is also that of their scores."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.Embedding(7, 3)
        self.cell = nn.GRUCell(5, 4)
        self.turn, self.scores = nn.Linear(4, 3), nn.Linear(3, 7, bias=False)
        self.scores.weight = self.colours.weight

    def forward(
        self, colour: torch.Tensor, numbers: torch.Tensor, state: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """The next state, its largest entry, and scores of the categories."""
        after = self.cell(torch.cat([self.colours(colour), numbers], 1), state)
        return {
            "state": after,
            "best": after.max(1).values,
            "scores": self.scores(self.turn(after)),
        }
