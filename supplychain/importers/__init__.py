"""Read the files that others publish, as downloaded, into checked tables of one shape each.

An importer is one small module with one function, `read`: a raw file in, an `Extract` out. It knows
the layout, the encoding, the number marks and the traps of its publisher; it knows nothing of
packs, rules or networks. Whatever it does not take, it names.
"""

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.registry import IMPORTERS, Importer, importer

__all__ = ["IMPORTERS", "Extract", "Importer", "Remark", "importer", "refused"]
