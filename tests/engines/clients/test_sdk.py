"""Microsoft's own SDK for the connector, with `connector proxy` in place of Azure's runtime."""

import asyncio
import json
import unittest

from azure.connectors.sdk import ConnectorClientOptions, ConnectorException, TokenProvider, TriggerCallbackPayload
from azure.connectors.wdatp import WdatpClient

from receiver import Receiver
from simulator import Simulator

DESKTOP = "7ab606c66c5d3ae26bfa9014b3ade7469debcc06"
# It is switched off, so that what is asked of it stays pending.
KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974"


class Key(TokenProvider):
    """The proxy's key in place of a token. Only the proxy has the credential."""

    def __init__(self, key):
        self._key = key

    async def get_access_token_async(self, scopes):
        return self._key


class MicrosoftsSdk(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.proxy = cls.simulator.proxy()
        cls.addClassCleanup(cls.proxy.stop)

    async def asyncSetUp(self):
        self.simulator.reset()
        # By default the SDK repeats whatever fails, even changes. The proxy repeats only what is safe.
        once = ConnectorClientOptions(max_retry_attempts=1, timeout_seconds=300)
        self.client = WdatpClient(self.proxy.origin, Key(self.proxy.key), once)
        self.addAsyncCleanup(self.client.close)

    async def test_lists_machines(self):
        self.simulator.clear_log()
        page = await self.client.get_machines_async(filter="riskScore eq 'High' and healthStatus eq 'Active'", top="5")
        self.assertIn("desktop-4k2f9.contoso.com", [machine["computerDnsName"] for machine in page["value"]])
        [arrival] = self.simulator.log()
        self.assertEqual(arrival["path"], "/api/machines")
        self.assertEqual(dict(arrival["headers"])["authorization"], "Bearer <redacted>")
        self.assertNotIn(self.proxy.key, str(arrival))

    async def test_gets_an_alert(self):
        self.simulator.raise_alerts({"id": "da7", "title": "Credential dumping", "severity": "High"})
        alert = await self.client.get_single_alert_async("da7")
        self.assertEqual((alert["id"], alert["title"], alert["severity"]), ("da7", "Credential dumping", "High"))

    async def test_isolates_one_machine_once(self):
        self.simulator.clear_log()
        # A dictionary with the reference's keys: the SDK's own class sends `comment`, which the API refuses.
        isolation = {"Comment": "case 42", "IsolationType": "Full"}
        action = await self.client.isolate_machine_async(isolation, KIOSK)
        self.assertEqual((action["type"], action["status"]), ("Isolate", "Pending"))
        with self.assertRaises(ConnectorException) as caught:
            await self.client.isolate_machine_async(isolation, KIOSK)
        self.assertEqual(caught.exception.status_code, 400)
        self.assertIn("ActiveRequestAlreadyExists", str(caught.exception))
        self.assertEqual(len(self.simulator.log()), 2)

    async def test_says_that_a_machine_is_unknown(self):
        with self.assertRaises(ConnectorException) as caught:
            await self.client.get_single_machine_async("m1")
        self.assertEqual(caught.exception.status_code, 404)

    async def test_reads_what_a_trigger_delivers(self):
        self.simulator.raise_alerts({"id": "da7", "title": "Credential dumping"})
        receiver = Receiver()
        self.addCleanup(receiver.stop)
        command_line = self.simulator.command_line()
        self.addCleanup(command_line.remove)
        await asyncio.to_thread(
            command_line.run, "watch", "new-alerts", "--to", receiver.url, "--since", "1h", "--once",
            "--allow-loopback-http", "--format", "body",
        )
        payloads = [TriggerCallbackPayload.from_dict(json.loads(body)) for _, body in receiver.deliveries]
        alerts = [alert for payload in payloads for alert in payload.body.value]
        self.assertEqual(len(alerts), len(payloads))
        self.assertIn(("da7", "Credential dumping"), [(alert["id"], alert["title"]) for alert in alerts])


if __name__ == "__main__":
    unittest.main()
