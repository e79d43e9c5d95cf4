public import Outbound
public import ServiceLifecycle

/// Closes the connections to sources of live content as the service ends.
public struct SourceClient: Service {
    private let client: OutboundClient

    public init(_ client: OutboundClient) { self.client = client }

    public func run() async throws {
        try? await gracefulShutdown()
        await client.shutdown()
    }
}
