import Delivery
import Foundation
import Links
import Outbound
import ServiceRuntime
import Transit

/// The mailer's settings, as the environment gives them.
struct MailerSettings {
    let worker: Worker.Settings
    private let route: MailRouteSettings
    private let lease: Duration
    private let publicURL: String
    private let secrets: [LinkSecret]
    private let allowedHosts: Set<String>
    private let chromium: String?
    private let postFolder: String?

    init(_ reader: inout SettingsReader) {
        worker = Worker.Settings(&reader, knowsErased: true)
        route = MailRouteSettings(&reader, host: ProcessInfo.processInfo.hostName)
        lease = reader.duration(
            "LOODS_CLAIM_LEASE", in: .seconds(1) ... .seconds(600), default: .seconds(25),
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
        reader.check("LOODS_LINK_SECRET") {
            do { _ = try LinkSigner(secrets: secrets) } catch { return "\(error)" }
            return nil
        }
    }

    /// - Throws: `ExitFault`; what could be wrong with the settings was found when they were read.
    func delivery() throws -> DeliverySettings {
        do {
            var delivery = DeliverySettings(
                relays: try route.relays(),
                publicURL: publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL,
                links: try LinkSigner(secrets: secrets), tokens: try MailTokens(secrets: secrets),
                webhooks: try WebhookSigner(secrets: secrets),
                mailer: "\(route.helo)/\(ProcessInfo.processInfo.processIdentifier)")
            delivery.lease = lease
            delivery.allowedHosts = allowedHosts
            (delivery.chromium, delivery.postFolder) = (chromium, postFolder)
            delivery.keys = route.keys
            return delivery
        } catch {
            throw ExitFault(code: .settings, message: "the mail relay's settings: \(error)")
        }
    }
}
