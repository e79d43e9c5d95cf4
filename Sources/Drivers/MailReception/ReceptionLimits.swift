/// How much strangers may ask of a reception.
public struct ReceptionLimits: Sendable {
    /// Connections at a time: of all, and of one address.
    public var connections = 200
    public var connectionsOfOne = 20
    /// Recipients of one mail.
    public var recipients = 20
    /// Bytes of one mail that are taken, and of these that are kept.
    public var mailBytes = 20 << 20
    public var keptBytes = 1 << 20
    /// Bytes of a command (RFC 5321, section 4.5.3.1.4, with room for parameters).
    public var lineBytes = 2_048
    /// What is wrong on one connection before it is closed.
    public var faults = 10
    /// Mails on one connection.
    public var mails = 100
    /// Milliseconds between two things that the other side says, and of a connection as a whole.
    public var idleMilliseconds: Int64 = 60_000
    public var wholeMilliseconds: Int64 = 600_000

    public init() {}
}
