import CLibRabbitMQ

extension AMQPConnection {
    /// Declares a durable exchange that routes by the very routing key; does nothing when it exists.
    ///
    /// - Throws: `.preconditionFailed` when it exists as another; `.accessRefused`; `.blocked`.
    public func declareExchange(_ name: String) throws(AMQPError) {
        try declare(exchange: name, isPassive: false)
    }

    /// Looks for an exchange without changing anything.
    ///
    /// - Throws: `.notFound`.
    public func requireExchange(_ name: String) throws(AMQPError) {
        try declare(exchange: name, isPassive: true)
    }

    /// Has an exchange put bodies with a routing key into a queue; does nothing when it does already.
    public func bind(queue: String, to exchange: String, routingKey: String) throws(AMQPError) {
        let number = try topologyChannel()
        _ = try request(on: number) { library in
            queue.withWireForm { queue in
                exchange.withWireForm { exchange in
                    routingKey.withWireForm {
                        amqp_queue_bind(library, number, queue, exchange, $0, amqp_empty_table)
                    }
                }
            }
        }
    }

    private func declare(exchange name: String, isPassive: Bool) throws(AMQPError) {
        let number = try topologyChannel()
        _ = try request(on: number) { library in
            name.withWireForm { name in
                "direct".withWireForm {
                    amqp_exchange_declare(
                        library, number, name, $0, isPassive ? 1 : 0, 1, 0, 0, amqp_empty_table)
                }
            }
        }
    }
}
