public import Model

/// Messages that are due, from the scheduler to the mailer: the body of the queue `messages`.
///
/// A hint may come twice or not at all; the truth is the row in `messages`.
public struct MessageHints: Contract {
    public static let letter: Unicode.Scalar = "M"
    public static let version: UInt16 = 1

    public struct Hint: Sendable, Hashable {
        public var contact: ContactKey
        public var message: UniqueID

        public init(contact: ContactKey, message: UniqueID) {
            self.contact = contact
            self.message = message
        }
    }

    public var hints: [Hint]

    public init(hints: [Hint]) { self.hints = hints }

    public init(from reader: inout WireReader) throws(ContractError) {
        hints = try reader.array("hints") { reader throws(ContractError) in
            Hint(contact: try reader.contactKey("contact"), message: try reader.uniqueID("message"))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(each: hints) { writer, hint in
            writer.write(hint.contact)
            writer.write(hint.message)
        }
    }
}
