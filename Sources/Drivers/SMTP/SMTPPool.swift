public import Logging
public import NIOCore
import NIOPosix
import Synchronization

/// Connections to one mail server, opened as needed and used again.
public final class SMTPPool: Sendable {
    private let configuration: SMTPConfiguration
    private let security: SMTPSecurity
    private let group: any EventLoopGroup
    private let logger: Logger
    private let seats: Seats
    private let preparing = Atomic(0)

    /// Deliveries that have a connection and are not prepared yet.
    public var preparingCount: Int { preparing.load(ordering: .relaxed) }

    /// Opens nothing yet. The pool must be shut down in the end. Without a group it uses NIO's own.
    public init(_ configuration: SMTPConfiguration, eventLoopGroup: (any EventLoopGroup)? = nil, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        group = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        security = SMTPSecurity(configuration)
        seats = Seats(limit: configuration.maxConnections)
    }

    /// Hands over all of a mail but the final dot: MAIL, RCPT and DATA are accepted and the body is written.
    ///
    /// Until the final dot the server owns nothing. Waits for a connection where all are in use: a prepared delivery
    /// occupies one until it is settled, so no more than `maxConnections` may be prepared before the first is settled.
    /// With `goesFirst` it overtakes those that wait without. `data` is the message; its line ends are normalised and its
    /// dots are stuffed here. On cancellation the connection is closed and `cancelled` thrown.
    public func prepare(
        _ envelope: SMTPEnvelope, _ data: [UInt8], goesFirst: Bool = false
    ) async throws(SMTPError) -> PreparedDelivery {
        let body = MessageBody(data)
        while true {
            let (connection, isReused) = try await connection(goesFirst: goesFirst)
            preparing.add(1, ordering: .relaxed)
            defer { preparing.subtract(1, ordering: .relaxed) }
            do {
                try await connection.prepare(envelope, body)
                return PreparedDelivery(connection) { self.release(connection) }
            } catch {
                release(connection)
                // Servers close idle connections as they like; of this message they have seen MAIL at most.
                if isReused, error.isLossOfIdleConnection { continue }
                throw error
            }
        }
    }

    /// Lets nobody begin any more, takes leave on unused connections, and returns when those are closed. Prepared
    /// deliveries can still be settled; their connections close then.
    public func shutdown() async {
        let idle = seats.close()
        await withTaskGroup(of: Void.self) { tasks in
            for connection in idle { tasks.addTask { await connection.quit() } }
        }
    }

    private func connection(
        goesFirst: Bool
    ) async throws(SMTPError) -> (SMTPConnection, isReused: Bool) {
        switch try await seats.take(goesFirst: goesFirst) {
        case .connection(let connection): return (connection, true)
        case .empty:
            do {
                let connection = try await SMTPConnection.open(configuration, security, on: group)
                // Until then the server counts it among ours.
                connection.whenClosed { self.seats.free(connection) }
                return (connection, false)
            } catch {
                seats.freeUnopened()
                logger.debug("A mail server connection failed", metadata: ["reason": "\(error)"])
                throw error
            }
        }
    }

    private func release(_ connection: SMTPConnection) {
        if connection.isOver {
            connection.drop()
        } else if connection.deliveryCount >= configuration.maxDeliveriesPerConnection {
            connection.leave()
        } else if !seats.giveBack(connection) {
            connection.leave()
        }
    }
}

extension SMTPError {
    /// Whether the connection was gone, or went, before the server answered anything to this delivery.
    fileprivate var isLossOfIdleConnection: Bool {
        (phase == .idle || phase == .mail) && (code == .connectionLost || reply?.closesConnection == true)
    }
}
