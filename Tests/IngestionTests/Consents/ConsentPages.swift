import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Links
import Model
import NIOCore
import Store
import Synchronization
import Workspaces

@testable import Ingestion

/// An edge with a workspace of topics and one mail that went to Anne, whose ledger a test decides.
struct ConsentPages: Sendable {
    static let origin = LinkOrigin(
        contact: ContactKey(workspace: publicKey.workspace, contact: UniqueID(high: 1, low: 1)),
        message: UniqueID(high: 2, low: 2))
    static let files = [
        "workspace.yaml": """
        workspace: shop
        time_zone: UTC
        locale: en
        sender: {name: Tea & Co, address: hello@shop.example}
        address: Street 1
        topics:
          - {topic: news, title: {en: News, nl: Nieuws}, wording: {en: "Yes, <news>", nl: "Ja, nieuws"}, version: 2, double_opt_in: true}
          - topic: offers
            wording: Yes, offers
            basis: legitimate_interest
            balancing_test: {document: LIA-7, date: 2026-03-01}
          - {topic: tracking, wording: You may see what I open}
        """,
        "forms.yaml": """
        forms:
          - form: sign-up
            fields: [{field: mail, type: email, required: true}, {field: yes, type: checkbox}]
            consent: {topic: news, address: mail, ticked: yes}
        """,
        "journeys/visit.yaml": """
        journey: visit
        enter: {event: A, again: never}
        steps: [{site_message: hi, text: Hello, topic: news}]
        """,
    ]

    var edge: TestEdge

    /// - Parameter lines: Anne's; nil while the store is away.
    init(_ lines: [ConsentEntry]?) throws {
        let loaded = Workspace.load(files: Self.files)
        guard let workspace = loaded.workspace else { throw Faulty(findings: "\(loaded.findings)") }
        edge = TestEdge()
        edge.settings.definitions = LiveDefinitions { $0 == publicKey.workspace ? workspace : nil }
        edge.settings.consents = ConsentLookup { origin in
            guard let lines else { throw TestEdge.Away() }
            guard origin == Self.origin else { return nil }
            return MailedLedger(contact: origin.contact, address: "Anne@example.com", lines: lines, now: receipt)
        }
    }

    struct Faulty: Error { var findings: String }

    static func line(
        _ state: ConsentEntry.State, _ topic: String = "news", at: Timestamp = receipt - .days(1),
        until: Timestamp? = nil, channel: String = "email"
    ) -> ConsentEntry {
        var proof = ConsentProof(.object(["version": .int(1), "language": .string("nl")]))
        proof[.expiresAt] = until?.description
        return ConsentEntry(
            contact: origin.contact, topic: topic, channel: channel, address: "anne@example.com", at: at,
            eventID: "asked", state: state, wording: "Ja", source: "form sign-up", proof: proof)
    }

    func ask(
        _ path: String, _ method: HTTPRequest.Method = .get, _ body: String = "", language: String? = nil
    ) async throws -> (status: Int, body: String) {
        var headers: HTTPFields = [
            .contentType: "application/x-www-form-urlencoded", .userAgent: "Firefox", .accept: "text/html",
        ]
        if let language { headers[.acceptLanguage] = language }
        let all = headers
        return try await edge.run { client in
            try await client.execute(uri: path, method: method, headers: all, body: ByteBuffer(string: body)) {
                (Int($0.status.code), String(buffer: $0.body))
            }
        }
    }

    func path(_ link: Link) throws -> String {
        let page =
            switch link {
            case .confirm: "confirm"
            case .unsubscribe: "u"
            default: "preferences"
            }
        return "/\(page)/\(try edge.signer.sign(link))"
    }
}
