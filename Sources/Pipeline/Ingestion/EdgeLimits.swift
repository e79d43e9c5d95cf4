/// How much one request may bring; Segment's own limits where it states them.
struct EdgeLimits: Sendable {
    /// Bytes of a body, after inflating.
    var body = 512_000
    /// Bytes of one event.
    var event = 32_768
    /// Events of a batch.
    var events = 2_500
    /// Nested containers of one event, itself included.
    var depth = 32
    /// Bytes of an id or a name.
    var name = 255
    /// Inflated bytes for each compressed one, beyond the first 64 KB.
    var inflation = 100
    /// From the end of a request's head to the end of its body.
    var readTime = Duration.seconds(30)
}
