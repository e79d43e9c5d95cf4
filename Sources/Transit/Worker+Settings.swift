public import Messaging
public import Postgres
public import ServiceRuntime
public import Store

extension Worker {
    /// The settings that all workers share.
    public struct Settings: Sendable {
        public var databaseURL: String
        public var brokerURL: String
        public var brokerAuthorities: String?
        public var brokerCertificate: BrokerConfiguration.Certificate?
        public var clock: DomainClock.Mode
        public var connections: Int
        public var erasureKey: ErasureKey?

        /// - Parameters:
        ///   - knowsErased: whether the service must know erased people again.
        ///   - connections: to PostgreSQL, unless the environment says otherwise.
        public init(_ reader: inout SettingsReader, knowsErased: Bool = false, connections most: Int = 2) {
            databaseURL = reader.url(
                "LOODS_DATABASE_URL", password: "LOODS_DATABASE_PASSWORD", schemes: ["postgres", "postgresql"],
                example: "postgres://loods@db/loods",
                meaning: "The PostgreSQL of this cell.")
            brokerURL = reader.url(
                "LOODS_AMQP_URL", password: "LOODS_AMQP_PASSWORD", schemes: ["amqp", "amqps"],
                example: "amqp://loods:secret@mq:5672/",
                meaning: "The RabbitMQ of this cell. Several nodes: host1:port1,host2:port2 in the host's place.")
            brokerAuthorities = reader.authorities(
                "LOODS_AMQP_CA_FILE",
                meaning: "PEM file of the authorities to trust in place of the system's; for amqps.")
            brokerCertificate = reader.brokerCertificate()
            let clock = reader.string(
                "LOODS_CLOCK", default: "real",
                meaning: "Domain time: real, or stepped (it stands until loods clock moves it). As given to migrate.")
            self.clock = clock.hasPrefix("stepped") ? .stepped : .real
            if clock != "real" && clock != "stepped" && !clock.hasPrefix("stepped@") {
                reader.fault("LOODS_CLOCK", "\"\(clock)\" is neither real nor stepped (default real)")
            }
            connections = reader.int(
                "LOODS_DATABASE_CONNECTIONS", in: 1...64, default: most, unit: "connections",
                meaning: "Connections to PostgreSQL.")
            if knowsErased { erasureKey = reader.erasureKey() }
            // Found now, so that they are reported with all others.
            let settings = self
            reader.check("LOODS_DATABASE_URL") {
                do throws(PostgresError) { _ = try settings.database(as: "loods") } catch { return error.message }
                return nil
            }
            reader.check("LOODS_AMQP_URL") {
                do throws(MessagingError) { _ = try settings.broker(as: "loods") } catch { return error.message }
                return nil
            }
        }

        /// Where the store is, for a process of this name.
        public func database(as name: String) throws(PostgresError) -> PostgresConfiguration {
            try PostgresConfiguration(url: databaseURL, applicationName: name, poolSize: connections, writes: true)
        }

        /// Where the broker is, for a process of this name.
        public func broker(as name: String) throws(MessagingError) -> BrokerConfiguration {
            try BrokerConfiguration(
                url: brokerURL, connectionName: name, authorityFile: brokerAuthorities, certificate: brokerCertificate)
        }
    }
}

extension SettingsReader {
    /// The key of the tombstones; the same in scoring, mailer and `loods`.
    public mutating func erasureKey() -> ErasureKey? {
        let name = "LOODS_ERASURE_SECRET"
        let secret = secret(
            name,
            meaning:
                "Hashes the names of erased people, who are known again by it alone: 16 bytes or more, never changed.")
        guard let secret else { return nil }
        let key = ErasureKey(secret)
        if key == nil { fault(name, "has fewer than 16 bytes; for example $(openssl rand -base64 32)") }
        return key
    }

    /// The certificate that a broker is shown when it asks, with its key; both are given, or neither.
    public mutating func brokerCertificate() -> BrokerConfiguration.Certificate? {
        let file = pemFile(
            "LOODS_AMQP_CERT_FILE", with: "a certificate",
            meaning: "PEM file of the certificate to show to a broker that asks; for amqps.")
        let keyFile = pemFile(
            "LOODS_AMQP_KEY_FILE", with: "a key", meaning: "PEM file of the key of LOODS_AMQP_CERT_FILE.")
        switch (file, keyFile) {
        case (let file?, let keyFile?): return BrokerConfiguration.Certificate(file: file, keyFile: keyFile)
        case (_?, nil): fault("LOODS_AMQP_KEY_FILE", "missing: LOODS_AMQP_CERT_FILE is given")
        case (nil, _?): fault("LOODS_AMQP_CERT_FILE", "missing: LOODS_AMQP_KEY_FILE is given")
        case (nil, nil): break
        }
        return nil
    }
}
