import Contracts
import HTTPTypes
import Hummingbird
import Links
import Model
import Networks
import Store

/// By which device somebody said something of their consent.
struct Evidence: Sendable {
    private let members: [ConsentProof.Member: String]

    init(_ request: Request, from client: NetworkAddress?, on page: String? = nil) {
        var members: [ConsentProof.Member: String] = [:]
        members[.ip] = client?.description
        members[.userAgent] = request.headers[.userAgent].map { String($0.prefix(512)) }
        members[.url] = page
        self.members = members
    }

    /// As properties of an event beside others, which count first.
    func beside(_ properties: [String: JSON]) -> [String: JSON] {
        members.reduce(into: properties) { result, member in
            if result[member.key.rawValue] == nil { result[member.key.rawValue] = .string(member.value) }
        }
    }
}

extension AcceptedEvent {
    /// That a request was confirmed by whoever read the mail at its address; it is the contact's address from then on.
    ///
    /// The event says all that the line of the ledger says, so that it counts in whatever order events come.
    init(confirming request: ConsentEntry, at ledger: MailedLedger, by origin: LinkOrigin, _ evidence: Evidence) {
        var properties: [String: JSON] = [
            "topic": .string(request.topic), "channel": .string(request.channel), "address": .string(ledger.address),
            "source": .string("double opt-in"),
            ConsentProof.Member.requestID.rawValue: .string(request.eventID),
            ConsentProof.Member.messageID.rawValue: .string(origin.message.description),
            ConsentProof.Member.confirmedAt.rawValue: .string(ledger.now.description),
        ]
        properties["wording"] = request.wording.map { .string($0) }
        for member in [ConsentProof.Member.version, .language, .notice, .url] {
            properties[member.rawValue] = request.proof[member].map { .string($0) }
        }
        self.init(
            workspace: origin.contact.workspace, eventID: "confirm-\(origin.message)", call: .track,
            subject: .id(origin.contact.contact), name: EventNames.consentConfirmed, sentTime: nil, at: .distantPast,
            receivedAt: .distantPast, trust: .system, properties: JSON.object(evidence.beside(properties)).serialized,
            context: JSON.object(["traits": .object(["email": .string(ledger.address)])]).serialized)
    }
}
