/// Names a message in as few bytes as do: its workspace, and the beginnings of the contact's id and of its own.
///
/// Ids are 128 bits of hashes; of two messages of one contact the first 64 are never the same in practice.
public struct MessageMark: Sendable, Hashable {
    public var workspace: WorkspaceID
    /// The first 64 bits of the contact's id, as it was when the message went out.
    public var contact: UInt64
    /// The first 64 bits of the message's id.
    public var message: UInt64

    public init(workspace: WorkspaceID, contact: UInt64, message: UInt64) {
        self.workspace = workspace
        self.contact = contact
        self.message = message
    }

    public init(contact: ContactKey, message: UniqueID) {
        self.init(workspace: contact.workspace, contact: contact.contact.high, message: message.high)
    }
}
