public import Mail
import SMTP
public import ServiceRuntime

/// By which servers mails leave, and what signs them, as the environment of mailers gives it.
public struct MailRouteSettings: Sendable {
    public let helo: String
    public let keys: DKIMKeyRing
    private let relay: String
    private let encryption: String
    private let authorities: String?
    private let connections: Int

    /// - Parameter host: this host's name, by which it greets unless something else is said.
    public init(_ reader: inout SettingsReader, host: String) {
        relay = reader.url(
            "LOODS_SMTP", password: "LOODS_SMTP_PASSWORD", schemes: ["smtp", "smtps"],
            example: "smtp://user:password@relay:587",
            meaning: """
                The mail server that takes our mail; smtps for TLS from the first byte. Percent-encode the password. Several, \
                parted by spaces, share the mails: smtp://one?weight=3 smtp://two?weight=1&source=192.0.2.7; weight=0 is for \
                when the others are away. Of its own each may have weight, source, connections, helo and tls; and per_second, \
                per_minute, per_hour, per_day and sessions (mails under way at once), which all mailers together keep to.
                """)
        encryption = reader.choice(
            "LOODS_SMTP_TLS", of: ["opportunistic", "required", "none"], default: "opportunistic",
            meaning: "Whether STARTTLS is used: where offered, always, or never. With smtps it does not matter.")
        authorities = reader.authorities(
            "LOODS_SMTP_CA_FILE", meaning: "PEM file of the authorities to trust in place of the system's.")
        connections = reader.int(
            "LOODS_SMTP_CONNECTIONS", in: 1...256, default: 16, unit: "connections",
            meaning: "Open connections to the mail server at most.")
        helo = reader.string(
            "LOODS_HELO", default: host, meaning: "The name to greet mail servers with: this host's, as DNS knows it.")
        keys = Self.keys(&reader)
        check(&reader)
    }

    /// The keys of a folder; each that is of no use is a fault.
    public static func keys(_ reader: inout SettingsReader) -> DKIMKeyRing {
        let name = "LOODS_DKIM_KEYS"
        var ring = DKIMKeyRing()
        let folder = reader.string(
            name,
            meaning:
                "The folder of the keys that sign mails, DOMAIN/SELECTOR.pem in it; see loods dkim. None: no mail is signed."
        ).map(SecretFolder.init)
        guard let folder else { return ring }
        guard let entries = try? folder.entries() else {
            reader.fault(name, "\"\(folder.path)\" is not a folder that can be read")
            return ring
        }
        for entry in entries {
            if let looseness = entry.file.looseness { reader.caution(name, looseness) }
            do {
                try ring.add(try entry.file.text(), domain: entry.owner, selector: entry.name)
            } catch let error as MailError {
                reader.fault(name, "\(entry.file.path): \(error.message)")
            } catch {
                reader.fault(name, "\(entry.file.path) cannot be read")
            }
        }
        return ring
    }

    /// Tries what is to be made of the settings, so that its faults are reported with all others.
    private func check(_ reader: inout SettingsReader) {
        reader.check("LOODS_SMTP") {
            do throws(RelayList.Fault) { _ = try relayList(helo: "localhost") } catch { return error.message }
            return nil
        }
        reader.check("LOODS_HELO") {
            let isUsable = (try? SMTPConfiguration(host: "localhost", port: 25, helo: helo)) != nil
            return isUsable ? nil : "\"\(helo)\" is not the name of a host"
        }
    }

    /// - Throws: `RelayList.Fault`; what could be wrong was found when the settings were read.
    public func relays() throws(RelayList.Fault) -> [RelaySettings] { try relayList(helo: helo).relays }

    private func relayList(helo: String) throws(RelayList.Fault) -> RelayList {
        try RelayList(
            relay,
            RelayList.Defaults(
                encryption: SMTPConfiguration.Encryption(rawValue: encryption) ?? .opportunistic,
                authorities: authorities, connections: connections, helo: helo))
    }
}
