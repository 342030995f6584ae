using System.Net;
using UserTcp;

namespace HttpGet;

/// <summary>What the command line asks for.</summary>
internal sealed record GetOptions
{
    /// <summary>The page; null for the demonstration.</summary>
    public string? Url { get; init; }

    /// <summary>The interface to use through pcap; null for the built-in gateway.</summary>
    public string? PcapDevice { get; init; }

    public UserTcpAddress? Address { get; init; }

    public IPAddress? Gateway { get; init; }

    public MacAddress? MacAddress { get; init; }

    /// <summary>The file for the body; null for the standard output.</summary>
    public string? Output { get; init; }

    /// <summary>How often to fetch, with a connection each.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>The pcapng file to write; null for none.</summary>
    public string? Capture { get; init; }

    public bool Verbose { get; init; }
}
