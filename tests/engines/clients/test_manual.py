"""The manual's program for Microsoft's SDK, exactly as printed there."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from simulator import Simulator

PAGE = Path(__file__).parent.parent.parent.parent / "host/src/manual/proxy.md"


class ProgramOfTheManual(unittest.TestCase):
    def test_it_lists_machines_through_the_proxy(self):
        [program] = [
            text
            for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
            if "WdatpClient" in text
        ]
        simulator = Simulator()
        self.addCleanup(simulator.stop)
        proxy = simulator.proxy()
        self.addCleanup(proxy.stop)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "DEFENDER_API_URL": proxy.origin,
            "DEFENDER_ACCESS_TOKEN": proxy.key,
        }
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("desktop-4k2f9.contoso.com Active", done.stdout.splitlines())


if __name__ == "__main__":
    unittest.main()
