public import Hummingbird
import NIOCore
import Networks

/// What a request is handled with.
public struct EdgeContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Where the connection comes from; nil where that is no internet address.
    let peer: NetworkAddress?

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress.flatMap { NetworkAddress($0) }
    }
}
