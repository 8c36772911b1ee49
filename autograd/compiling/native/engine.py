"""The engine: text in LLVM's language becomes functions that can be called."""

import hashlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

__all__ = ["Cancelled", "Library", "compiled"]

# For each level: how hard the machine's code is made, and LLVM's passes before.
_LEVELS = {1: (0, 0), 2: (1, 0), 3: (2, 2)}
_numbers = itertools.count()


class Cancelled(Exception):
    """A compilation was given up."""


class Library:
    """Functions of compiled modules, by their addresses; they live as long as this."""

    def __init__(
        self,
        objects: Iterable[bytes],
        symbols: Mapping[str, int],
        names: Iterable[str],
    ) -> None:
        builder = llvm.JITLibraryBuilder()
        for each in objects:
            builder.add_object_img(each)
        for name, address in symbols.items():
            builder.import_symbol(name, address)
        builder.add_current_process()
        for name in names:
            builder.export_symbol(name)
        self._tracker = builder.link(_jit(), f"program{next(_numbers)}")
        self.addresses = {name: self._tracker[name] for name in names}


def compiled(
    modules: Iterable[str],
    symbols: Mapping[str, int],
    names: Iterable[str],
    level: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> Library:
    """Compile modules at a level, 1 to 3: sooner, or faster code of the same bits.

    symbols: addresses of what the modules declare. Raises `Cancelled` between two
    modules once `cancelled()` says so.
    """
    objects = []
    for text in modules:
        if cancelled():
            raise Cancelled
        objects.append(_object(text, level))
    return Library(objects, symbols, tuple(names))


def _object(text: str, level: int) -> bytes:
    """Return a module's object code, from the cache on disk if there is one."""
    path = _cached_at(text, level)
    if path is not None:
        found = _read(path)
        if found is not None:
            return found
    made = _emitted(text, level)
    if path is not None:
        _write(path, made)
    return made


def _emitted(text: str, level: int) -> bytes:
    context = llvm.create_context()
    module = llvm.parse_assembly(text, context)
    module.triple = llvm.get_process_triple()
    _, passes = _LEVELS[level]
    machine = _machine(level)
    module.data_layout = str(machine.target_data)
    if passes:
        options = llvm.create_pipeline_tuning_options(speed_level=passes)
        options.slp_vectorization = False
        options.loop_vectorization = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    made: bytes = machine.emit_object(module)
    return made


_local = threading.local()


def _machine(level: int) -> Any:
    """Return the machine that a thread compiles for."""
    machines = _local.__dict__.setdefault("machines", {})
    if level not in machines:
        _start()
        target = llvm.Target.from_default_triple()
        machines[level] = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(),
            features=llvm.get_host_cpu_features().flatten(),
            opt=_LEVELS[level][0],
            reloc="pic",
            codemodel="small",
            jit=True,
        )
    return machines[level]


@cache
def _start() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


_lock = threading.Lock()
_jits: list[Any] = []


def _jit() -> Any:
    """Return the one linker of the process."""
    with _lock:
        if not _jits:
            _start()
            linker = sys.platform != "win32"  # JITLink: for code far from what it calls
            _jits.append(llvm.create_lljit_compiler(use_jit_link=linker))
        return _jits[0]


# The cache on disk: a file is the digest of its code, then the code.

_DIRECTORY = "AUTOGRAD_COMPILE_CACHE"


def _cached_at(text: str, level: int) -> Path | None:
    directory = os.environ.get(_DIRECTORY)
    if not directory:
        return None
    key = "\0".join(
        [
            text,
            str(_LEVELS[level]),
            llvmlite.__version__,
            str(llvm.llvm_version_info),
            llvm.get_process_triple(),
            llvm.get_host_cpu_name(),
            llvm.get_host_cpu_features().flatten(),
        ]
    )
    return Path(directory) / f"{hashlib.sha256(key.encode()).hexdigest()}.o"


def _read(path: Path) -> bytes | None:
    """Return the code of a file that is whole, else None."""
    try:
        found = path.read_bytes()
    except OSError:
        return None
    digest, code = found[:32], found[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(path: Path, code: bytes) -> None:
    """Write a file, whole or not at all; a cache that can't be written is no error."""
    part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest() + code)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
