"""What `connector watch` delivers, read by the Python packages of CloudEvents and Standard Webhooks."""

import base64
import json
import secrets
import unittest

from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks import Webhook, WebhookVerificationError

from receiver import Receiver
from simulator import Simulator

ALERTS = ["da7", "da8", "da9"]


class Deliveries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)

    def setUp(self):
        self.simulator.reset()
        self.simulator.raise_alerts(*({"id": alert, "title": f'ä "{alert}"'} for alert in ALERTS))
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()

    def deliveries(self, *words):
        """All deliveries of a watch. The receiver refuses the first one, so its event comes twice."""
        receiver = Receiver(503)
        self.addCleanup(receiver.stop)
        command_line = self.simulator.command_line()
        self.addCleanup(command_line.remove)
        command_line.run(
            "watch", "new-alerts", "--to", receiver.url, "--since", "1h", "--once", "--allow-loopback-http",
            "--secret-env", "HOOK_SECRET", *words, HOOK_SECRET=self.secret,
        )
        self.assertGreater(len(receiver.deliveries), len(ALERTS))
        return receiver.deliveries

    def assert_signed(self, headers, body):
        webhook = Webhook(self.secret)
        self.assertEqual(webhook.verify(body, headers), json.loads(body))
        with self.assertRaises(WebhookVerificationError):
            webhook.verify(body + b" ", headers)

    def assert_events(self, deliveries):
        """Each delivery is signed and holds one event, and the refused one came again unchanged."""
        events = []
        for headers, body in deliveries:
            self.assert_signed(headers, body)
            event = from_http(HTTPMessage(headers, body), JSONFormat())
            self.assertEqual(event.get_data()["id"], event.get_id())
            events.append(event)
        ids = [event.get_id() for event in events]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(len(set(ids)), len(ids) - 1)
        ours = [(event.get_id(), event.get_data()["title"]) for event in events if event.get_id() in ALERTS]
        self.assertEqual(ours, [(alert, f'ä "{alert}"') for alert in ALERTS])
        first, again = deliveries[:2]
        self.assertEqual(first[0]["webhook-id"], again[0]["webhook-id"])
        self.assertEqual(first[1], again[1])
        self.assertEqual(len({(event.get_source(), event.get_type()) for event in events}), 1)

    def test_every_delivery_is_an_event_and_its_signature_fits(self):
        deliveries = self.deliveries()
        self.assertTrue(deliveries[0][0]["content-type"].startswith("application/cloudevents+json"))
        self.assert_events(deliveries)

    def test_every_delivery_with_the_event_in_headers_too(self):
        deliveries = self.deliveries("--binary")
        self.assertEqual(deliveries[0][0]["ce-specversion"], "1.0")
        self.assert_events(deliveries)


if __name__ == "__main__":
    unittest.main()
