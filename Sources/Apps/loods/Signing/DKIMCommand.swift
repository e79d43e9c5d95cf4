import ArgumentParser
import Foundation
import Mail
import Model
import ServiceRuntime

struct DKIMCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim", abstract: "Make a key that signs mails, and print the DNS record that publishes it.",
        discussion: """
            The key is written to KEYS/DOMAIN/SELECTOR.pem, where mailers read it (LOODS_DKIM_KEYS); one that is there already \
            stays, and its record is printed again. The record is one line of a zone file.

            To change a key: make one of another selector, publish its record, bring the file to the mailers, add the selector \
            to dkim in sending_domains and apply; then take the old selector out. Leave the old record in DNS for a week: mails \
            on their way are still verified by it.
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case rsa, ed25519
    }

    @Argument(help: "The domain that mails come from, such as shop.example.")
    var domain: String
    @Argument(help: "The key's name, such as k2026.")
    var selector: String
    @Option(help: "The folder of keys; LOODS_DKIM_KEYS by default, or else \"dkim\".")
    var keys: String?
    @Option(help: "rsa, which all receivers verify, or ed25519, which may stand beside it.")
    var kind = Kind.rsa
    @Option(help: "The size of an RSA key: 2048, or 3072 or 4096.")
    var bits = 2048
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (try? MailDomain(domain)) != nil else { throw ValidationError("\"\(domain)\" is not a domain name.") }
        do { _ = try DKIMSelector(selector) } catch { throw ValidationError("\"\(selector)\" is \(error.message).") }
        guard [2048, 3072, 4096].contains(bits) else {
            throw ValidationError("An RSA key has 2048, 3072 or 4096 bits.")
        }
    }

    func run() throws {
        let (domain, selector) = (try MailDomain(domain), try DKIMSelector(selector))
        let folder = try Self.folder(keys)
        let path = "\(folder)/\(domain.name)/\(selector).pem"
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew { try KeyFile(path).write(kind == .rsa ? try FreshPEM.rsa(bits: bits) : FreshPEM.ed25519()) }
        let record = DKIMRecord(selector, domain, try Self.key(at: path))
        if format.json {
            return Console.show(
                .object([
                    "file": .string(path), "made": .bool(isNew), "name": .string(record.name), "type": .string("TXT"),
                    "text": .string(record.text), "strings": .array(record.strings.map { .string($0) }),
                ]))
        }
        print(record.zoneLine)
        Console.note(isNew ? "\(path): made; only mailers need it" : "\(path): was there already")
        Console.note(
            "publish this record; then sending_domains: [{domain: \(domain.name), dkim: [\(selector)]}] in workspace.yaml"
        )
    }

    /// Where keys are, as an option says or the environment.
    static func folder(_ option: String?) throws -> String {
        if let option { return option }
        return try Settings.read { $0.string("LOODS_DKIM_KEYS", meaning: "The folder of keys.") } ?? "dkim"
    }

    private static func key(at path: String) throws -> DKIMKey {
        do {
            return try DKIMKey(pem: SecretFile(path).text())
        } catch let error as MailError {
            throw ExitFault(code: .failures, message: "\(path): \(error.message)")
        }
    }
}
