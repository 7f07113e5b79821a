"""The model store: names models, fetches, checks and converts them once, and hands out directories to load.

model = ModelStore().prepare("smollm2-135m-instruct")
print(model.path, model.id)
"""

from serve.model_store.catalog import Catalog, Entry
from serve.model_store.errors import (
    AdapterError,
    CatalogError,
    ConversionError,
    DamagedModelError,
    ModelStoreError,
    StorageError,
    UnsafeModelError,
    WeightsUnavailableError,
)
from serve.model_store.manifest import Damage
from serve.model_store.parallel import prepare_many
from serve.model_store.progress import Reporter
from serve.model_store.store import ModelStore, PreparedModel, default_cache_dir

__all__ = [
    "AdapterError",
    "Catalog",
    "CatalogError",
    "ConversionError",
    "Damage",
    "DamagedModelError",
    "Entry",
    "ModelStore",
    "ModelStoreError",
    "PreparedModel",
    "Reporter",
    "StorageError",
    "UnsafeModelError",
    "WeightsUnavailableError",
    "default_cache_dir",
    "prepare_many",
]
