import Delivery
import Foundation
import Links
import Mail
import Outbound
import SMTP
import ServiceRuntime
import Transit

/// The mailer's settings, as the environment gives them.
struct MailerSettings {
    let worker: Worker.Settings
    private let relay: String
    private let encryption: String
    private let authorities: String?
    private let connections: Int
    private let helo: String
    private let lease: Duration
    private let publicURL: String
    private let secrets: [LinkSecret]
    private let keys: DKIMKeyRing
    private let allowedHosts: Set<String>
    private let chromium: String?
    private let postFolder: String?

    init(_ reader: inout SettingsReader) {
        worker = Worker.Settings(&reader, knowsErased: true)
        relay = reader.url(
            "LOODS_SMTP", password: "LOODS_SMTP_PASSWORD", schemes: ["smtp", "smtps"],
            example: "smtp://user:password@relay:587",
            meaning: """
                The mail server that takes our mail; smtps for TLS from the first byte. Percent-encode the password. Several, \
                parted by spaces, share the mails: smtp://one?weight=3 smtp://two?weight=1&source=192.0.2.7; weight=0 is for \
                when the others are away. Of its own each may have weight, source, connections, helo and tls.
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
            "LOODS_HELO", default: ProcessInfo.processInfo.hostName,
            meaning: "The name to greet mail servers with: this host's, as DNS knows it.")
        lease = reader.duration(
            "LOODS_CLAIM_LEASE", in: .seconds(1) ... .seconds(600), default: .seconds(30),
            meaning: "How long messages stay with a mailer that died or stands still before others take them.")
        publicURL = reader.url(
            "LOODS_PUBLIC_URL", schemes: ["http", "https"], example: "https://mail.example.com",
            meaning: "The public address of ingest: links for unsubscribing, clicks and opens begin with it.")
        secrets =
            reader.required(
                "LOODS_LINK_SECRET", type: "secret",
                range: "one or two id:base64, the first signs, 16 bytes or more each",
                example: "k1:$(openssl rand -base64 32)",
                expectation: "one or two entries id:base64 of 16 bytes or more",
                meaning: "Signs the links in mails; the same in ingest and mailer.", isSecret: true,
                parse: LinkSecret.list
            ) ?? []
        keys = Self.keys(&reader)
        allowedHosts =
            reader.optional(
                "LOODS_WEBHOOK_ALLOW", type: "list", range: "host:port, parted by commas", defaultText: "none",
                expectation: "a list of host:port, parted by commas",
                meaning: "Servers of webhooks that may be private, without TLS, or on a port other than 443.",
                parse: OutboundClient.hosts) ?? []
        chromium = Self.chromium(&reader)
        postFolder = reader.string(
            "LOODS_POST_FOLDER",
            meaning: "The folder of postcards where workspaces say post: {folder: true}; WORKSPACE/ID.pdf in it.")
        check(&reader)
    }

    /// The keys of a folder; each that is of no use is a fault.
    private static func keys(_ reader: inout SettingsReader) -> DKIMKeyRing {
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

    private static let usualChromium = "/usr/bin/chromium"

    private static func chromium(_ reader: inout SettingsReader) -> String? {
        let stated = reader.optional(
            "LOODS_CHROMIUM", type: "file", defaultText: "\(usualChromium) where that is",
            expectation: "a program that can be run, or none",
            meaning: "Makes postcards; with none they wait for a mailer that has it."
        ) { $0 == "none" || FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
        if let stated { return stated == "none" ? nil : stated }
        return FileManager.default.isExecutableFile(atPath: usualChromium) ? usualChromium : nil
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
        reader.check("LOODS_LINK_SECRET") {
            do { _ = try LinkSigner(secrets: secrets) } catch { return "\(error)" }
            return nil
        }
    }

    /// - Throws: `ExitFault`; what could be wrong with the settings was found when they were read.
    func delivery() throws -> DeliverySettings {
        do {
            var delivery = DeliverySettings(
                relays: try relayList(helo: helo).relays,
                publicURL: publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL,
                links: try LinkSigner(secrets: secrets), tokens: try MailTokens(secrets: secrets),
                webhooks: try WebhookSigner(secrets: secrets),
                mailer: "\(helo)/\(ProcessInfo.processInfo.processIdentifier)")
            delivery.lease = lease
            delivery.allowedHosts = allowedHosts
            (delivery.chromium, delivery.postFolder) = (chromium, postFolder)
            delivery.keys = keys
            return delivery
        } catch {
            throw ExitFault(code: .settings, message: "the mail relay's settings: \(error)")
        }
    }

    private func relayList(helo: String) throws(RelayList.Fault) -> RelayList {
        try RelayList(
            relay,
            RelayList.Defaults(
                encryption: SMTPConfiguration.Encryption(rawValue: encryption) ?? .opportunistic,
                authorities: authorities, connections: connections, helo: helo))
    }
}
