import ArgumentParser
import Delivery
import Foundation
import JourneyProgram
import Links
import Mail
import Model
import ServiceRuntime
import Transit
import Workspaces

/// For whom a sample is composed, and as what.
struct SampleOptions: ParsableArguments {
    @Option(help: "An attribute of the contact that it is composed for, NAME=VALUE; may be given several times.")
    var attribute: [String] = []

    func validate() throws {
        if let bad = attribute.first(where: { !$0.contains("=") }) {
            throw ValidationError("\"\(bad)\" is not NAME=VALUE.")
        }
    }

    /// The attributes that were given.
    var attributes: [String: JSON] {
        Dictionary(
            attribute.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), JSON.string(String(parts[1])))
            }
        ) { _, last in last }
    }

    /// What composes samples of a workspace: signed by the keys of LOODS_DKIM_KEYS, its links worth nothing.
    func composing(_ workspace: Workspace) throws -> Composing {
        let (keys, url) = try Settings.read { reader in
            (
                MailRouteSettings.keys(&reader),
                reader.optional(
                    "LOODS_PUBLIC_URL", type: "URL", range: "http://… or https://…",
                    expectation: "a URL that begins with http:// or https://",
                    meaning: "The public address of ingest: where links begin."
                ) { text in ["http://", "https://"].contains { text.hasPrefix($0) } ? text : nil }
            )
        }
        return try Composing(workspace, attributes: attributes, keys: keys, publicURL: url)
    }

    /// - Throws: `ExitFault` where the files are no workspace.
    static func workspace(of folder: WorkspaceFolder) throws -> Workspace {
        let loaded = Workspace.load(files: folder.files)
        guard let workspace = loaded.workspace else {
            for finding in loaded.findings where finding.severity == .error { Console.note(finding.description) }
            throw ExitFault(code: .failures, message: loaded.summary)
        }
        return workspace
    }

    /// - Throws: `ExitFault` for a name that is none.
    static func choose(_ names: [String], of workspace: Workspace) throws -> [EmailDefinition] {
        try (names.isEmpty ? workspace.emails.keys.sorted() : names).map { name in
            if let email = workspace.emails[name] { return email }
            let known = workspace.emails.keys.sorted().joined(separator: ", ")
            throw ExitFault(code: .settings, message: "there is no e-mail \"\(name)\"; there are \(known)")
        }
    }
}

/// Composes samples of one workspace's e-mails.
struct Composing: Sendable {
    let composer: SampleComposer
    let workspace: Workspace
    let attributes: [String: JSON]

    /// Whatever is signed into links is of no use: nobody else knows the secret.
    init(
        _ workspace: Workspace, attributes: [String: JSON] = [:], keys: DKIMKeyRing = DKIMKeyRing(),
        publicURL: String? = nil
    ) throws {
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255) }
        let url = publicURL ?? "https://links.example"
        composer = try SampleComposer(
            publicURL: url.hasSuffix("/") ? String(url.dropLast()) : url,
            secrets: [LinkSecret(id: "sample", bytes: secret)], keys: keys, clock: .host, logger: Settings.logger)
        (self.workspace, self.attributes) = (workspace, attributes)
    }

    /// The languages that an e-mail is there in: nil is the workspace's own, where that has no name.
    func languages(of email: EmailDefinition) -> [LanguageTag?] {
        [email.own.language] + email.wording.translations.keys.sorted()
    }

    /// - Throws: as composing does.
    func letter(
        _ email: EmailDefinition, in language: LanguageTag?, content: ContentChoice? = nil, to address: String? = nil,
        isTest: Bool = false
    ) throws -> SampleLetter {
        let fields = email.mergeFields
        var contact = SampleContact(fields).attributes.merging(attributes) { _, given in given }
        let address = address ?? contact["email"]?.string ?? SampleContact.address
        contact["email"] = .string(address)
        if let language { contact["locale"] = .string(language.description) }
        return try composer.letter(
            email, in: workspace, for: contact, to: address, event: SampleContact(fields).event, content: content,
            id: .random(), at: MachineClock.host.now, isTest: isTest)
    }
}
