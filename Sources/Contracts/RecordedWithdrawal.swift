public import Model

/// A withdrawal that was answered as recorded while the store was away: the body of the queue `withdrawals`.
public struct RecordedWithdrawal: Contract {
    public static let letter: Unicode.Scalar = "W"
    public static let version: UInt16 = 1

    public var contact: ContactKey
    /// The message whose link was used; its address and topic are what is withdrawn.
    public var message: UniqueID
    public var topic: String
    /// Machine time of the answer.
    public var answeredAt: Timestamp
    /// `one-click` (RFC 8058) or `page`.
    public var means: String

    public init(contact: ContactKey, message: UniqueID, topic: String, answeredAt: Timestamp, means: String) {
        self.contact = contact
        self.message = message
        self.topic = topic
        self.answeredAt = answeredAt
        self.means = means
    }

    public init(from reader: inout WireReader) throws(ContractError) {
        contact = try reader.contactKey("contact")
        message = try reader.uniqueID("message")
        topic = try reader.string("topic")
        answeredAt = try reader.timestamp("answeredAt")
        means = try reader.string("means")
    }

    public func write(to writer: inout WireWriter) {
        writer.write(contact)
        writer.write(message)
        writer.write(topic)
        writer.write(answeredAt)
        writer.write(means)
    }
}
