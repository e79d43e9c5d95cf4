/// One name by which events speak of somebody.
public struct Identity: Sendable, Hashable {
    /// What sort of name it is, strongest first: an event's subject is the strongest that it carries.
    public enum Kind: String, Sendable, CaseIterable, Comparable {
        case user
        case anonymous
        case email

        private var strength: Int {
            switch self {
            case .user: 0
            case .anonymous: 1
            case .email: 2
            }
        }

        public static func < (left: Kind, right: Kind) -> Bool { left.strength < right.strength }
    }

    public var kind: Kind
    public var value: String

    /// Keeps user and anonymous ids as they are; e-mail addresses compare without regard to case and to how their domain is
    /// written.
    public init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = kind == .email ? value.comparedAddress : value
    }

    /// Names are told apart by their bytes, as the store does: two spellings of "é" are two people.
    public static func == (left: Identity, right: Identity) -> Bool {
        left.kind == right.kind && left.value.utf8.elementsEqual(right.value.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        var value = value
        value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The subject that this identity names in a workspace: always the same id, whoever computes it.
    public func subjectID(in workspace: WorkspaceID) -> UniqueID {
        .derived("loods.subject", String(workspace.rawValue), kind.rawValue, value)
    }
}

extension UniqueID {
    /// Of a subject: the one under which the log keeps what robots send in its name. No contact has it.
    public var robotSubject: UniqueID { .derived("loods.robot", description) }
}

/// Names a workspace in tables and contracts.
public struct WorkspaceID: RawRepresentable, Sendable, Hashable, Comparable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static func < (left: WorkspaceID, right: WorkspaceID) -> Bool { left.rawValue < right.rawValue }
}

/// A contact within its workspace: how every row and message about it begins.
///
/// A contact begins as one subject and takes that subject's id; when contacts merge, the survivor keeps its own.
public struct ContactKey: Sendable, Hashable, Comparable {
    public var workspace: WorkspaceID
    public var contact: UniqueID

    public init(workspace: WorkspaceID, contact: UniqueID) {
        self.workspace = workspace
        self.contact = contact
    }

    /// Half of the contact's id tells contacts apart: it is of a digest, or random, and nobody chooses it.
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(contact.low) }

    public static func < (left: ContactKey, right: ContactKey) -> Bool {
        (left.workspace, left.contact) < (right.workspace, right.contact)
    }
}
