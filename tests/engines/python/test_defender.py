"""The component in Python, against the stand-in API: what it returns, and exactly what it sends."""

import json
import os
import re
import socket
import subprocess
import sys
import unittest
from pathlib import Path
from urllib.parse import quote, urlsplit

from defender import Connector, Failure
from simulator import Simulator

DESKTOP = "7ab606c66c5d3ae26bfa9014b3ade7469debcc06"
# It is switched off, so that what is asked of it stays pending.
KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974"

COMPONENT = os.environ.get("CONNECTOR_WASM")


class ComponentInPython(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not COMPONENT:
            raise RuntimeError("CONNECTOR_WASM must be the path of the component")
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.token = cls.simulator.token()
        cls.connector = Connector(COMPONENT)

    def setUp(self):
        self.simulator.reset()
        self.simulator.clear_log()
        self.defender = self.connect()

    def connect(self, url=None, token=None):
        """A connection to the simulator, or to another API or with another token."""
        return self.connector.connect(
            DEFENDER_API_URL=url or self.simulator.url, DEFENDER_ACCESS_TOKEN=token or self.token
        )

    def failure(self, defender, *call):
        """What a call fails with. The target is a fresh id each time."""
        with self.assertRaises(Failure) as caught:
            defender(*call)
        failure = caught.exception
        failure.problem.pop("target", None)
        return failure.case, failure.details

    def assert_sent(self, *lines):
        """The requests that arrived since the test began, and no others; their log."""
        log = self.simulator.log()
        sent = [
            f"{request['method']} {request['path']}" + ("" if request["query"] is None else f"?{request['query']}")
            for request in log
        ]
        self.assertEqual(sent, list(lines))
        return log

    def test_asks_for_wasi_without_files_and_sockets_and_for_nothing_else(self):
        for name in self.connector.imports:
            self.assertRegex(name, r"^wasi:(cli|io|clocks|random|http)/[a-z-]+@0\.2\.")

    def test_describes_itself_without_sending_anything(self):
        manifest = json.loads(self.defender("describe"))
        self.assertEqual(manifest["name"], "defender-atp")
        effects = {action["name"]: action["effect"] for action in manifest["actions"]}
        self.assertEqual(effects["isolate-machine"], "disruptive")
        self.assert_sent()

    def test_lists_machines(self):
        page = self.defender("list-machines", {
            "filter": "healthStatus eq 'Active' and osPlatform eq 'Windows11'",
            "order-by": "computerDnsName desc",
            "top": 1,
            "count": True,
        })
        self.assertEqual(page["count"], 2)
        self.assertEqual([machine["computer-dns-name"] for machine in page["value"]], ["desktop-7qm1x.contoso.com"])
        [request] = self.assert_sent(
            "GET /api/machines?$filter=healthStatus%20eq%20%27Active%27%20and%20osPlatform%20eq%20%27Windows11%27"
            "&$orderby=computerDnsName%20desc&$top=1&$count=true"
        )
        headers = dict(request["headers"])
        self.assertEqual(headers["accept"], "application/json")
        self.assertEqual(headers["authorization"], "Bearer <redacted>")
        self.assertEqual(headers["host"], urlsplit(self.simulator.url).netloc)

    def test_gets_a_machine_as_the_api_has_it(self):
        machine = self.defender("get-machine", DESKTOP)
        self.assert_sent(f"GET /api/machines/{DESKTOP}")
        raw = self.simulator.ask(f"/api/machines/{DESKTOP}", headers={"authorization": f"Bearer {self.token}"})
        for name, value in machine.items():
            if name != "ip-addresses":
                self.assertEqual(value, raw[re.sub("-(.)", lambda word: word[1].upper(), name)], name)
        self.assertEqual(machine["computer-dns-name"], "desktop-4k2f9.contoso.com")
        self.assertEqual(machine["os-build"], 22631)
        self.assertRegex(machine["last-seen"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")
        self.assertEqual(
            [address["ip-address"] for address in machine["ip-addresses"]],
            [address["ipAddress"] for address in raw["ipAddresses"]],
        )

    def test_isolates_a_machine_once(self):
        action = self.defender("isolate-machine", KIOSK, 'case 42: "ä"', "selective")
        expected = {"type": "Isolate", "status": "Pending", "machine-id": KIOSK, "requestor-comment": 'case 42: "ä"'}
        self.assertEqual(action, action | expected)
        self.assertEqual(self.failure(self.defender, "isolate-machine", KIOSK, "again", "full"), (
            "permanent-conflict",
            {"message": "Action is already in progress", "code": "ActiveRequestAlreadyExists", "status": 400},
        ))
        log = self.assert_sent(*[f"POST /api/machines/{KIOSK}/isolate"] * 2)
        self.assertEqual([(dict(request["headers"])["content-type"], request["body"]) for request in log], [
            ("application/json", '{"Comment":"case 42: \\"ä\\"","IsolationType":"Selective"}'),
            ("application/json", '{"Comment":"again","IsolationType":"Full"}'),
        ])

    def test_says_that_a_machine_is_unknown(self):
        self.assertEqual(self.failure(self.defender, "get-machine", "m1"), (
            "permanent-not-found",
            {"message": "Machine m1 was not found", "code": "ResourceNotFound", "status": 404},
        ))
        self.assert_sent("GET /api/machines/m1")

    def test_says_that_a_token_is_not_accepted(self):
        stranger = self.connect(token="not-a-token")
        self.assertEqual(self.failure(stranger, "get-machine", DESKTOP), (
            "permanent-unauthorized",
            {"message": "Authorization has been denied for this request.", "code": "Unauthorized", "status": 401},
        ))
        self.assert_sent(f"GET /api/machines/{DESKTOP}")

    def test_says_which_role_is_missing(self):
        self.simulator.revoke("Machine.Isolate")
        reader = self.connect(token=self.simulator.token())
        self.simulator.clear_log()
        case, details = self.failure(reader, "isolate-machine", DESKTOP, "case 42", "full")
        self.assertEqual(case, "permanent-forbidden")
        self.assertEqual(details["missing-roles"], ["Machine.Isolate"])
        self.assertEqual((details["problem"]["code"], details["problem"]["status"]), ("Forbidden", 403))
        self.assert_sent(f"POST /api/machines/{DESKTOP}/isolate")

    def test_needs_no_token_behind_a_proxy(self):
        self.simulator.settle(nextLinkAfter=5)
        proxy = self.simulator.proxy()
        self.addCleanup(proxy.stop)
        self.simulator.clear_log()
        defender = self.connector.connect(**proxy.environment)
        first = defender("list-machines", {})
        second = defender("list-machines", {"next-link": first["next-link"]})
        self.assertEqual(len({machine["id"] for machine in first["value"] + second["value"]}), 10)
        self.assertEqual(defender("isolate-machine", KIOSK, "case 42", "full")["status"], "Pending")
        case, _ = self.failure(defender, "isolate-machine", KIOSK, "again", "full")
        self.assertEqual(case, "permanent-conflict")
        log = self.assert_sent(
            "GET /api/machines", "GET /api/machines?$skip=5", *[f"POST /api/machines/{KIOSK}/isolate"] * 2
        )
        for request in log:
            headers = dict(request["headers"])
            self.assertEqual(headers["authorization"], "Bearer <redacted>")
            self.assertEqual(headers["host"], urlsplit(self.simulator.url).netloc)
            self.assertNotIn(proxy.key, json.dumps(request))
        stranger = self.connect(url=proxy.environment["DEFENDER_API_URL"].replace(proxy.key, "x" * 43))
        case, details = self.failure(stranger, "get-machine", DESKTOP)
        self.assertEqual((case, details["code"]), ("permanent-unauthorized", "ProxyKey"))

    def test_says_that_the_api_cannot_be_reached(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
        lost = self.connect(url=url)
        # It is known that nothing was sent, so that either may be sent again, though one would change something.
        for call in ("get-machine", DESKTOP), ("isolate-machine", DESKTOP, "case 42", "full"):
            self.assertEqual(self.failure(lost, *call), (
                "unavailable",
                {"message": f"the API cannot be reached: ConnectionRefused ({url})"},
            ))
        self.assert_sent()

    def test_tells_whether_an_isolation_may_have_happened_when_no_whole_reply_comes(self):
        for kind in "drop", "cutOff":
            self.simulator.reset()
            self.simulator.clear_log()
            self.simulator.spoil(kind)
            with self.subTest(kind):
                case, _ = self.failure(self.defender, "get-machine", DESKTOP)
                self.assertEqual(case, "unavailable")
                case, _ = self.failure(self.defender, "isolate-machine", DESKTOP, "case 42", "full")
                self.assertEqual(case, "permanent-outcome-unknown")
                self.assert_sent(f"GET /api/machines/{DESKTOP}", f"POST /api/machines/{DESKTOP}/isolate")

    def test_refuses_hostile_ids_before_anything_is_sent(self):
        for hostile in "", ".", "..", "m1\r\nx-evil: 1", "m1\0", "m" * 5000:
            with self.subTest(hostile):
                case, details = self.failure(self.defender, "isolate-machine", hostile, "case 42", "full")
                self.assertEqual((case, details["parameter"]), ("permanent-invalid-input", "machine-id"))
        self.assert_sent()

    def test_sends_strange_ids_as_one_segment(self):
        strange = ["../alerts", "m7/unisolate?x=", "%2f", "a#b", "ä€"]
        for machine in strange:
            case, _ = self.failure(self.defender, "isolate-machine", machine, "case 42", "full")
            self.assertEqual(case, "permanent-not-found", machine)
        self.assert_sent(*(f"POST /api/machines/{quote(machine, safe='')}/isolate" for machine in strange))

    def test_sends_and_receives_more_than_one_buffer(self):
        comment = "0123456789" * 20_000
        self.simulator.populate(machines=300)
        action = self.defender("isolate-machine", KIOSK, comment, "full")
        self.assertEqual(action["requestor-comment"], comment)
        page = self.defender("list-machines", {})
        self.assertEqual(len({machine["id"] for machine in page["value"]}), 312)
        request, _ = self.assert_sent(f"POST /api/machines/{KIOSK}/isolate", "GET /api/machines")
        self.assertEqual(request["body"], f'{{"Comment":"{comment}","IsolationType":"Full"}}')

    def test_refuses_what_the_signature_does_not_have(self):
        with self.assertRaisesRegex(TypeError, "get-machine takes 1 arguments, not 2"):
            self.defender("get-machine", DESKTOP, None)
        with self.assertRaisesRegex(TypeError, "no such field: orderBy"):
            self.defender("list-machines", {"orderBy": "id"})
        self.assert_sent()

    def test_the_program_lists_shows_and_isolates_and_ends_with_1_on_a_failure(self):
        program = Path(__file__).with_name("defender.py")
        environment = os.environ | {"DEFENDER_API_URL": self.simulator.url, "DEFENDER_ACCESS_TOKEN": self.token}

        def run(*words):
            command = [sys.executable, program, COMPONENT, *words]
            return subprocess.run(command, env=environment, capture_output=True, text=True)

        self.assertRegex(run().stdout, r"(?m)^desktop-4k2f9\.contoso\.com  Active  risk High$")
        self.assertIn("'os-build': 22631", run(DESKTOP).stdout)
        self.assertRegex(run(KIOSK, "case 42").stdout, r"^Isolate kiosk-03\.contoso\.com: Pending \(")
        failed = run("m1")
        self.assertEqual((failed.returncode, failed.stdout, failed.stderr), (
            1, "", "permanent-not-found: Machine m1 was not found\n",
        ))


if __name__ == "__main__":
    unittest.main()
