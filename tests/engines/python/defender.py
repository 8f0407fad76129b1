"""The Defender connector in Python: the component runs on wasmtime.

    python defender.py COMPONENT                     lists machines
    python defender.py COMPONENT MACHINE             shows a machine, by id or by name
    python defender.py COMPONENT MACHINE COMMENT     isolates it

DEFENDER_ACCESS_TOKEN holds a bearer token. DEFENDER_API_URL is for APIs other than the public cloud's.
"""

import os
import pprint
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, FuncType, Linker, ListType, OptionType, Record, RecordType, Variant

MEMORY = 512 << 20
"""The most memory that a call may take, in bytes."""


class Failure(Exception):
    """What a function of the component returns as its error.

    Cases that begin with "permanent-" are not to be sent again unchanged.
    """

    def __init__(self, case, details):
        self.case = case
        self.details = details or {}
        self.problem = self.details.get("problem", self.details)
        super().__init__(f"{case}: {self.problem.get('message', 'the call was stopped')}")


class Connector:
    """A compiled component. Compiling takes a second, `Component.serialize` keeps the outcome."""

    def __init__(self, file):
        self._engine = Engine()
        self._component = Component.from_file(self._engine, file)
        self._linker = Linker(self._engine)
        self._linker.add_wasip2()
        self._linker.add_wasi_http()
        kind = self._component.type
        self.imports = list(kind.imports(self._engine))
        # No two functions of a connector have the same name, so that a name says all.
        self._functions = {}
        for name, interface in kind.exports(self._engine).items():
            index = self._component.get_export_index(name)
            for function, item in interface.ty.exports(self._engine).items():
                if isinstance(item.ty, FuncType):
                    self._functions[function] = self._component.get_export_index(function, index)

    def connect(self, **environment):
        """A way to call its functions, with these variables for an environment."""
        return lambda function, *arguments: self._call(environment, function, arguments)

    def _call(self, environment, function, arguments):
        """Calls a function in an instance of its own, which takes a fraction of a millisecond."""
        store = Store(self._engine)
        store.set_limits(memory_size=MEMORY)
        wasi = WasiConfig()
        wasi.env = environment.items()
        store.set_wasi(wasi)
        store.set_wasi_http()
        instance = self._linker.instantiate(store, self._component)
        called = instance.get_func(store, self._functions[function])
        kinds = [kind for _, kind in called.type(store).params]
        if len(arguments) != len(kinds):
            raise TypeError(f"{function} takes {len(kinds)} arguments, not {len(arguments)}")
        result = called(store, *map(lowered, arguments, kinds))
        # Success and failure come without a tag, and only failures are variants.
        if isinstance(result, Variant):
            raise Failure(result.tag, plain(result.payload))
        return plain(result)


def lowered(value, kind):
    """A value as wasmtime takes it: a dict becomes a record, in which what it leaves out is None."""
    if isinstance(kind, RecordType):
        fields = dict(kind.fields)
        if unknown := value.keys() - fields:
            raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
        record = Record()
        record.__dict__ = {name: lowered(value.get(name), field) for name, field in fields.items()}
        return record
    if isinstance(kind, ListType):
        return [lowered(item, kind.element) for item in value]
    if isinstance(kind, OptionType) and value is not None:
        return lowered(value, kind.payload)
    return value


def plain(value):
    """A value of wasmtime's as Python has it: a record becomes a dict, without what is None."""
    if isinstance(value, Record):
        return {name: plain(field) for name, field in vars(value).items() if field is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def main(file, machine=None, comment=None):
    environment = {name: value for name, value in os.environ.items() if name.startswith("DEFENDER_")}
    defender = Connector(file).connect(**environment)
    if comment is not None:
        action = defender("isolate-machine", machine, comment, "full")
        print(f"{action['type']} {action['computer-dns-name']}: {action['status']} ({action['id']})")
    elif machine is not None:
        pprint.pp(defender("get-machine", machine))
    else:
        for found in defender("list-machines", {"top": 20})["value"]:
            print(f"{found['computer-dns-name']}  {found['health-status']}  risk {found['risk-score']}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit("usage: python defender.py COMPONENT [MACHINE [COMMENT]]")
    try:
        main(*sys.argv[1:])
    except Failure as failure:
        sys.exit(str(failure))
