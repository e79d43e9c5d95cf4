import Foundation
import Pacing
public import SMTP

/// The mail servers of `LOODS_SMTP`: URLs, parted by white space or commas, each with what is its own behind a question mark.
public struct RelayList: Sendable {
    /// What a URL does not say of its server.
    public struct Defaults: Sendable {
        public var encryption: SMTPConfiguration.Encryption
        public var authorities: String?
        public var connections: Int
        public var helo: String

        public init(
            encryption: SMTPConfiguration.Encryption = .opportunistic, authorities: String? = nil, connections: Int,
            helo: String
        ) {
            (self.encryption, self.authorities) = (encryption, authorities)
            (self.connections, self.helo) = (connections, helo)
        }
    }

    /// Why a list is of no use, without anything secret.
    public struct Fault: Error {
        public var message: String
    }

    private static let limit = 16
    private static let keys =
        [
            "connections", "helo", "source", "tls", "weight", "per_second", "per_minute", "per_hour", "per_day",
            "sessions",
        ]

    public let relays: [RelaySettings]

    /// Throws `Fault`.
    public init(_ text: String, _ defaults: Defaults) throws(Fault) {
        let urls = text.split { $0.isWhitespace || $0 == "," }
        guard (1...Self.limit).contains(urls.count) else {
            throw Fault(message: "it names \(urls.count) relays; 1 to \(Self.limit) are taken")
        }
        var relays: [RelaySettings] = []
        for (index, url) in urls.enumerated() {
            do throws(Fault) {
                relays.append(try Self.relay(String(url), defaults))
            } catch {
                throw Fault(message: urls.count == 1 ? error.message : "relay \(index + 1): \(error.message)")
            }
        }
        guard relays.contains(where: { $0.weight > 0 }) else { throw Fault(message: "no relay has a weight above 0") }
        guard Set(relays.map(\.name)).count == relays.count else { throw Fault(message: "a relay stands in it twice") }
        self.relays = relays
    }

    private static func relay(_ url: String, _ defaults: Defaults) throws(Fault) -> RelaySettings {
        guard let parts = URLComponents(string: url), ["smtp", "smtps"].contains(parts.scheme), let host = parts.host,
            !host.isEmpty
        else { throw Fault(message: "its value names no host that can be read") }
        var own: [String: String] = [:]
        for item in parts.queryItems ?? [] {
            guard keys.contains(item.name) else {
                throw Fault(message: "unknown option \"\(item.name)\"; options are \(keys.joined(separator: ", "))")
            }
            own[item.name] = item.value ?? ""
        }
        let isImplicit = parts.scheme == "smtps"
        do throws(SMTPError) {
            let server = try SMTPConfiguration(
                host: host, port: parts.port ?? (isImplicit ? 465 : 25),
                encryption: isImplicit ? .implicit : try encryption(own["tls"], defaults.encryption),
                credentials: parts.user.map { .init(username: $0, password: parts.password ?? "") },
                helo: own["helo"] ?? defaults.helo, sourceAddress: own["source"],
                certificateAuthorityFile: defaults.authorities,
                maxConnections: try number(own["connections"], "connections", in: 1...256) ?? defaults.connections)
            return RelaySettings(
                server, weight: try number(own["weight"], "weight", in: 0...1000) ?? 1, limits: try limits(own))
        } catch {
            throw Fault(message: error.cause ?? "\(error)")
        }
    }

    /// What all mailers together may give it.
    private static func limits(_ own: [String: String]) throws(SMTPError) -> SendLimits {
        func limit(_ key: String) throws(SMTPError) -> Int64? {
            try number(own[key], key, in: 1...1_000_000_000).map(Int64.init)
        }
        return SendLimits(
            perSecond: try limit("per_second"), perMinute: try limit("per_minute"), perHour: try limit("per_hour"),
            perDay: try limit("per_day"), sessions: try limit("sessions"))
    }

    private static func encryption(
        _ text: String?, _ usual: SMTPConfiguration.Encryption
    ) throws(SMTPError) -> SMTPConfiguration.Encryption {
        guard let text else { return usual }
        guard let encryption = SMTPConfiguration.Encryption(rawValue: text), encryption != .implicit else {
            throw SMTPError(.invalidArgument, .connect, cause: "tls is opportunistic, required or none")
        }
        return encryption
    }

    private static func number(_ text: String?, _ name: String, in range: ClosedRange<Int>) throws(SMTPError) -> Int? {
        guard let text else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        throw SMTPError(
            .invalidArgument, .connect, cause: "\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
    }
}
