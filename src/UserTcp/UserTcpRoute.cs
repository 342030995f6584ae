using System.Net;

namespace UserTcp;

/// <summary>Where packets for a network go. Immutable and thread-safe.</summary>
/// <param name="Destination">The network; the longest prefix that covers a destination wins.</param>
/// <param name="NextHop">A router on the link.</param>
/// <param name="Metric">Among routes with equal prefixes the smallest wins; not negative.</param>
public readonly record struct UserTcpRoute(IPNetwork Destination, IPAddress NextHop, int Metric = 0);

/// <summary>A range of ports, both ends included. Immutable and thread-safe.</summary>
/// <param name="First">The lowest port.</param>
/// <param name="Last">The highest port; not below <paramref name="First"/>.</param>
public readonly record struct UserTcpPortRange(ushort First, ushort Last);
