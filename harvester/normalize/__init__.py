"""From the portal's own values to controlled ones: RawDataset -> (Dataset, issues). Knows no network and no clock."""

from harvester.normalize.dataset import normalize

__all__ = ["normalize"]
