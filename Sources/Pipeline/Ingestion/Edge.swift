import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Links
public import Logging
import NIOCore
public import ServiceLifecycle
import Transit

/// The public HTTP server: tracking calls, clicks, opens, withdrawals.
public struct Edge: Service {
    /// More connections than this wait in the system's queue.
    private static let connections = 8192

    private let host: String
    private let port: Int
    private let responder: RouterResponder<EdgeContext>
    private let logger: Logger

    /// - Parameter port: 0 lets the system choose; the log says which.
    public init(
        host: String, port: Int, keys: KeyRing, gate: Gatekeeper, groups: EventGroups, signer: LinkSigner,
        desk: WithdrawalDesk, settings: EdgeSettings = EdgeSettings(), logger: Logger
    ) {
        self.host = host
        self.port = port
        self.logger = logger
        responder = Self.router(
            keys: keys, gate: gate, groups: groups, signer: signer, desk: desk, settings: settings, logger: logger
        ).buildResponder()
    }

    static func router(
        keys: KeyRing, gate: Gatekeeper, groups: EventGroups, signer: LinkSigner, desk: WithdrawalDesk,
        settings: EdgeSettings = EdgeSettings(), logger: Logger
    ) -> Router<EdgeContext> {
        let router = routes(
            keys: keys, gate: gate, groups: groups, signer: signer, desk: desk, settings: settings, logger: logger)
        OtherMethods.add(to: router)
        return router
    }

    /// What `/openapi.json` describes.
    static func routes(
        keys: KeyRing, gate: Gatekeeper, groups: EventGroups, signer: LinkSigner, desk: WithdrawalDesk,
        settings: EdgeSettings, logger: Logger
    ) -> Router<EdgeContext> {
        let router = Router(context: EdgeContext.self)
        router.add(middleware: BrowserAccess(origins: settings.origins))
        router.add(middleware: RequestMetrics(logger: logger))
        TrackingRoutes(keys: keys, gate: gate, groups: groups, limits: EdgeLimits(), clients: settings.clients).add(
            to: router)
        ServerRequestRoutes(
            keys: keys, gate: gate, groups: groups, definitions: settings.definitions, limits: EdgeLimits()
        ).add(to: router)
        SiteMessageRoutes(
            keys: keys, gate: gate, groups: groups, signer: signer, messages: settings.siteMessages,
            limits: EdgeLimits(), logger: logger
        ).add(to: router)
        LinkRoutes(
            signer: signer, groups: groups, clicks: settings.clicks ?? ClickDesk(groups: groups, waits: false),
            sums: settings.counts, clients: settings.clients,
            live: LiveRoutes(
                signer: signer, definitions: settings.definitions, sources: settings.sources,
                clients: settings.clients, gate: gate, now: { groups.clock.now })
        ).add(to: router)
        UnsubscribeRoutes(signer: signer, definitions: settings.definitions, desk: desk, logger: logger).add(
            to: router)
        PreferenceRoutes(
            signer: signer, gate: gate, groups: groups, definitions: settings.definitions, lookup: settings.consents,
            desk: desk, logger: logger
        ).add(to: router)
        ConfirmationRoutes(
            signer: signer, gate: gate, groups: groups, definitions: settings.definitions, lookup: settings.consents,
            logger: logger
        ).add(to: router)
        FormRoutes(
            keys: keys, gate: gate, groups: groups, definitions: settings.definitions, signer: signer,
            clients: settings.clients, posts: AddressLimits(rate: settings.formRate), publicURL: settings.publicURL
        ).add(to: router)
        DownloadRoutes(
            signer: signer, groups: groups, definitions: settings.definitions, folder: settings.downloads
        ).add(to: router)
        RatingRoutes(signer: signer, groups: groups, definitions: settings.definitions).add(to: router)
        ProviderRoutes(desk: settings.providers, gate: gate, limits: EdgeLimits()).add(to: router)
        AssetRoutes().add(to: router)
        return router
    }

    /// Serves until graceful shutdown, then ends the requests in hand.
    public func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder,
            server: HTTPServerBuilder { responder in
                EdgeChannel(HTTP1Channel(responder: responder, configuration: Self.protocolConfiguration))
            },
            configuration: .init(
                address: .hostname(host, port: port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connections)),
            onServerRunning: { channel in
                logger.info(
                    "event API listens", metadata: ["address": "\(host):\(channel.localAddress?.port ?? port)"])
            }, logger: quiet)
        try await application.run()
    }

    private static var protocolConfiguration: HTTP1Channel.Configuration {
        .init(
            additionalChannelHandlers: [ProtocolFaults(), RequestDeadline(patience: EdgeLimits().readTime)],
            idleTimeout: .seconds(30),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16_384, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100))
    }
}
