public import Model

/// What came back of a mail of ours, read where it came in: the body of the queue `returns`.
///
/// Says of whom only by the message's mark, and nothing of what else stood in it.
public struct ReturnedMail: Contract {
    public static let letter: Unicode.Scalar = "R"
    public static let version: UInt16 = 1

    /// What has become of the mail.
    public enum Kind: Sendable, Hashable {
        /// It was given up, and by who could mend it: the raw value of a refusal's kind, and whether it blames the sender.
        case failed(String, blamesSender: Bool)
        /// It is on its way still.
        case delayed
        case delivered
        /// Its recipient called it spam.
        case complaint
        /// A person's mail program answered.
        case autoReply
        /// Its recipient wrote to where one unsubscribes.
        case unsubscribe
        /// Nothing that can be read out of what came.
        case unclear
    }

    public var mark: MessageMark
    public var kind: Kind
    /// The enhanced status code (RFC 3463).
    public var status: String?
    /// The receiver's words, without addresses.
    public var words: String
    /// Machine time.
    public var receivedAt: Timestamp
    /// By which way it came: `smtp`, `maildir`, or a provider's name.
    public var means: String

    public init(
        mark: MessageMark, kind: Kind, status: String? = nil, words: String = "", receivedAt: Timestamp, means: String
    ) {
        self.mark = mark
        self.kind = kind
        self.status = status
        self.words = words
        self.receivedAt = receivedAt
        self.means = means
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        mark = MessageMark(
            workspace: WorkspaceID(rawValue: try reader.int32("workspace")),
            contact: UInt64(bitPattern: try reader.int64("contact")),
            message: UInt64(bitPattern: try reader.int64("message")))
        let (word, failure) = (try reader.string("kind"), try reader.string("failure"))
        guard let kind = Kind(word, failure, blamesSender: try reader.bool("blamesSender")) else {
            throw .malformed(field: "kind")
        }
        self.kind = kind
        status = try reader.optional("status") { reader throws(ContractError) in try reader.string("status") }
        words = try reader.string("words")
        receivedAt = try reader.timestamp("receivedAt")
        means = try reader.string("means")
    }

    public func write(to writer: inout WireWriter) {
        writer.write(mark.workspace.rawValue)
        writer.write(mark.contact)
        writer.write(mark.message)
        writer.write(kind.word)
        if case .failed(let failure, let blamesSender) = kind {
            writer.write(failure)
            writer.write(blamesSender)
        } else {
            writer.write("")
            writer.write(false)
        }
        writer.write(status) { $0.write($1) }
        writer.write(words)
        writer.write(receivedAt)
        writer.write(means)
    }
}

extension ReturnedMail.Kind {
    /// One word for each, as metrics have it too.
    public var word: String {
        switch self {
        case .failed: "failed"
        case .delayed: "delayed"
        case .delivered: "delivered"
        case .complaint: "complaint"
        case .autoReply: "auto-reply"
        case .unsubscribe: "unsubscribe"
        case .unclear: "unclear"
        }
    }

    fileprivate init?(_ word: String, _ failure: String, blamesSender: Bool) {
        let all: [Self] = [
            .failed(failure, blamesSender: blamesSender), .delayed, .delivered, .complaint, .autoReply, .unsubscribe,
            .unclear,
        ]
        guard let kind = all.first(where: { $0.word == word }) else { return nil }
        self = kind
    }
}
