//! Addresses that look like one thing and lead to another.

/// What stands for the port of a listener to which nothing may be sent, on this machine.
const TRAP: &str = "{trap}";
/// What stands for the API's own host and port.
const OWN: &str = "{own}";
/// What stands for the API's own port.
const OWN_PORT: &str = "{own-port}";

/// Addresses for a connector, or a reply, that would lead a request away from the API at `http://{own}`. Each is the
/// origin alone.
pub(super) const ELSEWHERE: [&str; 76] = [
    // This machine's address in other spellings.
    "http://127.0.0.1:{trap}",
    "http://localhost:{trap}",
    "http://LOCALHOST:{trap}",
    "http://localhost.:{trap}",
    "http://localhost.localdomain:{trap}",
    "http://a.localhost:{trap}",
    "http://127.1:{trap}",
    "http://127.0.1:{trap}",
    "http://127.0.0.1.:{trap}",
    "http://127.0.0.2:{trap}",
    "http://127.255.255.254:{trap}",
    "http://0:{trap}",
    "http://0.0.0.0:{trap}",
    "http://2130706433:{trap}",
    "http://017700000001:{trap}",
    "http://0177.0.0.1:{trap}",
    "http://0x7f000001:{trap}",
    "http://0x7f.1:{trap}",
    "http://0X7F.0x0.0x0.0x1:{trap}",
    "http://127.0.0.01:{trap}",
    "http://127.000.000.001:{trap}",
    "http://4294967297:{trap}",
    "http://127.0.0.1%00:{trap}",
    "http://127%2e0%2e0%2e1:{trap}",
    "http://①②⑦.⓪.⓪.①:{trap}",
    "http://127。0。0。1:{trap}",
    "http://[::1]:{trap}",
    "http://[::]:{trap}",
    "http://[0:0:0:0:0:0:0:1]:{trap}",
    "http://[::ffff:127.0.0.1]:{trap}",
    "http://[::ffff:7f00:1]:{trap}",
    "http://[::127.0.0.1]:{trap}",
    "http://[64:ff9b::7f00:1]:{trap}",
    "http://[2002:7f00:1::]:{trap}",
    "http://[fe80::1%25lo]:{trap}",
    "http://[::1%25lo]:{trap}",
    // The API's own name before something else.
    "http://{own}@127.0.0.1:{trap}",
    "http://127.0.0.1:{own-port}@127.0.0.1:{trap}",
    "http://127.0.0.1@127.0.0.1:{trap}",
    "http://{own}%40127.0.0.1:{trap}",
    "http://{own}\\@127.0.0.1:{trap}",
    "http://127.0.0.1:{trap}\\@{own}",
    "http://127.0.0.1:{trap}#@{own}",
    "http://127.0.0.1:{trap}?@{own}",
    "http://127.0.0.1:{trap}/@{own}",
    "http://user:password@{own}",
    "http://@{own}",
    "http://:@{own}",
    "http://{own}:{trap}",
    "http://127.0.0.1:{own-port}{trap}",
    "http://127.0.0.1.nip.example:{trap}",
    // The API's own name, spoken to otherwise.
    "https://{own}",
    "ftp://{own}",
    "ws://{own}",
    "http://127.0.0.1:0{own-port}",
    "http://127.0.0.1:+{own-port}",
    "http://127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1:99999",
    // White space and line breaks.
    "http://127.0.0.1:{trap}\t",
    "http://127.0.0.1\t:{trap}",
    "\thttp://127.0.0.1:{trap}",
    " http://127.0.0.1:{trap}",
    "http://{own}\r\nHost: 127.0.0.1:{trap}",
    "http://{own}\r\nX-Forwarded-Host: 127.0.0.1:{trap}\r\n",
    "http://{own}\n@127.0.0.1:{trap}",
    // Missing parts.
    "//127.0.0.1:{trap}",
    "///127.0.0.1:{trap}",
    "http:/127.0.0.1:{trap}",
    "http:127.0.0.1:{trap}",
    "http:\\\\127.0.0.1:{trap}",
    "127.0.0.1:{trap}",
    // Services that hand out credentials to whoever asks.
    "http://169.254.169.254",
    "http://[fd00:ec2::254]",
    "http://168.63.129.16",
    "http://metadata.google.internal",
];

/// Addresses that no configuration may name without the grant for this machine: an API, an allowed origin, or an
/// authority to which a secret would be sent.
pub(super) const CONFIGURED: [&str; 30] = [
    "http://127.0.0.1:{trap}",
    "https://127.0.0.1:{trap}",
    "http://localhost:{trap}",
    "https://localhost:{trap}",
    "https://localhost.:{trap}",
    "https://LocalHost:{trap}",
    "https://127.1:{trap}",
    "https://2130706433:{trap}",
    "https://0x7f.1:{trap}",
    "https://0177.0.0.1:{trap}",
    "https://0.0.0.0:{trap}",
    "https://[::1]:{trap}",
    "https://[::]:{trap}",
    "https://[::ffff:127.0.0.1]:{trap}",
    "https://[64:ff9b::7f00:1]:{trap}",
    "https://[2002:7f00:1::]:{trap}",
    "https://①②⑦.⓪.⓪.①:{trap}",
    "https://api.example.com@127.0.0.1:{trap}",
    "https://api.example.com:443@127.0.0.1:{trap}",
    "https://api.example.com\\@127.0.0.1:{trap}",
    "https://api.example.com\t",
    "https://*.example.com",
    "https://api.example.com/path",
    "https://api.example.com?x",
    "http://api.example.com",
    "https://169.254.169.254",
    "http://169.254.169.254",
    "https://10.0.0.1",
    "https://[fd00:ec2::254]",
    "//127.0.0.1:{trap}",
];

/// The trick for an API and a trap on these ports.
pub(super) fn address(trick: &str, own: u16, trap: u16) -> String {
    trick
        .replace(TRAP, &trap.to_string())
        .replace(OWN, &format!("127.0.0.1:{own}"))
        .replace(OWN_PORT, &own.to_string())
}
