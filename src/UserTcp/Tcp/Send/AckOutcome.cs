namespace UserTcp.Tcp.Send;

/// <summary>The results of an ACK that the rest of the connection acts on.</summary>
/// <param name="Covered">The octets that it newly covers, SYN and FIN counted.</param>
/// <param name="Signs">The findings of loss recovery.</param>
/// <param name="FlightBefore">FlightSize when it arrived: marks that it echoes are of a part of it.</param>
/// <param name="HasPathNews">Whether it was found out, without being told, what the path carries.</param>
internal readonly record struct AckOutcome(uint Covered, LossSigns Signs, long FlightBefore, bool HasPathNews);
