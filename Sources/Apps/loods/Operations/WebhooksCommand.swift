import ArgumentParser
import Links
import Model
import Postgres
import ServiceRuntime
import Store
import Workspaces

struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "What receivers of webhooks need to know.", subcommands: [Secret.self])

    struct Secret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the secret by which a webhook's receiver verifies what it is sent.",
            discussion: """
                Requests are signed as Standard Webhooks says, so its libraries take this secret as it is: in every request \
                webhook-id tells what has been had before, webhook-timestamp when it was sent, and webhook-signature that \
                it comes from here. The secret is derived from LOODS_LINK_SECRET, the mailers' own; nothing is stored.
                """)

        @Argument(help: "The webhook, as workspace.yaml names it.")
        var name: String
        @OptionGroup var workspace: WorkspaceOption

        func run() async throws {
            let (choice, name) = (try workspace.choice(), name)
            let (url, secrets) = try Settings.read { reader in
                (
                    Settings.databaseURL(&reader),
                    reader.required(
                        "LOODS_LINK_SECRET", type: "secret", range: "as the mailers have it",
                        example: "k1:…", expectation: "one or two entries id:base64 of 16 bytes or more",
                        meaning: "The mailers' secret.", isSecret: true, parse: LinkSecret.list) ?? []
                )
            }
            let signer = try WebhookSigner(secrets: secrets)
            let definitions = try await PostgresPool.lend(url) { pool in
                try await pool.withTransaction { session in
                    let entry = try choice.enter(in: session)
                    let files = try Definitions.files(of: entry.id, revision: entry.revision, in: session)
                    return (entry.name, Workspace.load(files: files).workspace?.webhooks.map(\.name) ?? [])
                }
            }
            guard definitions.1.contains(name) else {
                let known = definitions.1.isEmpty ? "" : "; there are \(definitions.1.joined(separator: ", "))"
                throw ExitFault(
                    code: .failures, message: "workspace \(definitions.0) has no webhook \"\(name)\"\(known)")
            }
            print(signer.secret(of: name, in: definitions.0))
        }
    }
}
