using System.Globalization;
using UserTcp.Links;
using UserTcp.Testing.Packetdrill.Running;

namespace UserTcp.Testing.Packetdrill;

/// <summary>How a script ended.</summary>
public enum PacketdrillOutcome
{
    /// <summary>All packets and results were as written.</summary>
    Passed,

    /// <summary>
    /// A packet or result differed, was missing, or came at another time; or the script cannot be parsed.
    /// </summary>
    Failed,

    /// <summary>The script needs an unsupported feature, so it shows nothing about the stack.</summary>
    Unsupported,
}

/// <summary>The result of a script.</summary>
public sealed class PacketdrillResult
{
    internal PacketdrillResult(string name, PacketdrillOutcome outcome, IReadOnlyList<WirePacket> packets)
    {
        Name = name;
        Outcome = outcome;
        Packets = packets;
    }

    /// <summary>All packets in both directions.</summary>
    internal IReadOnlyList<WirePacket> Packets { get; }

    /// <summary>The script's name, which is its path if it was read from a file.</summary>
    public string Name { get; }

    /// <summary>How it ended.</summary>
    public PacketdrillOutcome Outcome { get; }

    /// <summary>The line that it ended at; 0 if it passed.</summary>
    public int Line { get; internal init; }

    /// <summary>The time in the script at which it ended.</summary>
    public TimeSpan Time { get; internal init; }

    /// <summary>The expected and the actual packet or value, or the missing feature; empty if passed.</summary>
    public string Message { get; internal init; } = "";

    /// <summary>The system that the run assumed.</summary>
    public PacketdrillProfile Profile { get; internal init; }

    /// <summary>The features that the script needs beyond TCP over IPv4.</summary>
    public PacketdrillCategory Category { get; internal init; }

    /// <summary>The packets of both directions, as a pcapng file whose time begins with the script's.</summary>
    /// <param name="stream">Is written to and left open.</param>
    public void WritePcapng(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var writer = new PcapngWriter(stream);
        writer.WriteHead(LinkMedium.Ip, "packetdrill", ushort.MaxValue);
        foreach (WirePacket packet in Packets)
        {
            packet.Bytes.CopyTo(writer.BeginPacket(packet.Bytes.Length));
            long stamp = (packet.At - VirtualMachine.Start).Ticks * TimeSpan.NanosecondsPerTick;
            writer.EndPacket(packet.Bytes.Length, packet.Bytes.Length, stamp, packet.IsInbound ? 1u : 2u);
        }

        writer.Flush();
    }

    /// <summary>One line, or several if it failed: the name, the line, the time, and what happened.</summary>
    public override string ToString() => Outcome switch
    {
        PacketdrillOutcome.Passed => $"{Name}: passed",
        PacketdrillOutcome.Unsupported => string.Create(
            CultureInfo.InvariantCulture, $"{Name}:{Line}: unsupported: {Message}"),
        _ => string.Create(
            CultureInfo.InvariantCulture, $"{Name}:{Line}: failed at {Time.TotalSeconds:0.000} s: {Message}"),
    };
}
