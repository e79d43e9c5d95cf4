public import Pacing
public import SMTP

/// One of the mail servers that take our mail.
public struct RelaySettings: Sendable {
    public var server: SMTPConfiguration
    /// Its share of the mails beside the others'; 0: it gets none unless all others are away.
    public var weight: Int
    /// What all mailers together give it at the most.
    public var limits: SendLimits

    public init(_ server: SMTPConfiguration, weight: Int = 1, limits: SendLimits = SendLimits()) {
        (self.server, self.weight, self.limits) = (server, weight, limits)
    }

    /// The address that connections to it are made from, where one is stated.
    public var sourceAddress: String? { server.sourceAddress }

    /// As logs and metrics name it.
    public var name: String { "\(server.host):\(server.port)" }
}
