import Logging
import Mail
import Metrics
import Synchronization
import Transit
import Workspaces

/// Signs mails by the keys that their domains name and this mailer has.
///
/// While some of a domain's keys are missing here the others sign alone: whoever changes keys may bring them to one mailer
/// after the other. Where none is left a mail is not sent unsigned, which would harm the domain's name: it waits.
final class Signatures: Sendable {
    private let keys: DKIMKeyRing
    private let clock: MachineClock
    private let logger: Logger
    /// Those that were looked for in vain, as `SELECTOR._domainkey.DOMAIN`.
    private let missing = Mutex<Set<String>>([])

    init(keys: DKIMKeyRing, clock: MachineClock, logger: Logger) {
        (self.keys, self.clock, self.logger) = (keys, clock, logger)
        Gauge(label: "loods_mailer_dkim_keys_missing").record(0)
    }

    /// - Parameter domain: nil for one that is not set up: its mails go unsigned.
    /// - Throws: `MissingKey` where the domain names keys and none of them is here; `MailError` where one fails.
    func sign(_ mail: [UInt8], from domain: SendingDomain?) throws -> [UInt8] {
        guard let domain, !domain.selectors.isEmpty else { return mail }
        let signer = keys.signer(of: domain.domain, domain.selectors)
        if signer.identities.count < domain.selectors.count { note(domain) }
        guard !signer.identities.isEmpty else {
            throw MissingKey(domain: domain.domain.name, selectors: domain.selectors.map(\.name))
        }
        return try signer.signed(mail, at: clock.now)
    }

    /// Says each missing key once.
    private func note(_ domain: SendingDomain) {
        let names = domain.selectors.filter { keys[domain.domain, $0] == nil }.map {
            "\($0)._domainkey.\(domain.domain.name)"
        }
        let (news, count) = missing.withLock { missing in
            let news = names.filter { missing.insert($0).inserted }
            return (news, missing.count)
        }
        guard !news.isEmpty else { return }
        Gauge(label: "loods_mailer_dkim_keys_missing").record(count)
        logger.error(
            "keys that sign mails are missing: bring them into the folder LOODS_DKIM_KEYS and start again, or take their selectors out of sending_domains",
            metadata: ["keys": "\(news.joined(separator: " "))"])
    }
}

/// A domain names keys, and this mailer has none of them.
struct MissingKey: Error, CustomStringConvertible {
    var domain: String
    var selectors: [String]
    var description: String {
        "LOODS_DKIM_KEYS has none of the keys that sign mails from \(domain): \(selectors.joined(separator: ", "))"
    }
}
