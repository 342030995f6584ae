using System.Net;
using System.Net.NetworkInformation;
using UserTcp.Primitives;
using UserTcp.Wire;
using Theirs = PacketDotNet;

namespace UserTcp.Tests.Wire.Oracle;

/// <summary>Values for both sides, out of numbers that FsCheck draws, and what PacketDotNet has read as such.</summary>
internal static class OracleValues
{
    public static MacAddress Mac(ulong bits) => new(BitConverter.GetBytes(bits));

    public static PhysicalAddress Theirs(MacAddress address)
    {
        byte[] octets = new byte[MacAddress.Size];
        address.CopyTo(octets);
        return new PhysicalAddress(octets);
    }

    public static (HostAddress Source, HostAddress Destination) Pair(ulong bits) =>
        (HostAddress.FromV4((uint)bits), HostAddress.FromV4((uint)(bits >> 32)));

    public static IPAddress Theirs(HostAddress address) => address.ToIPAddress();

    /// <summary>Which options a segment has, and what they say.</summary>
    /// <param name="choice">A bit for each option; the number of SACK blocks above them.</param>
    /// <param name="bits">The values.</param>
    public static TcpOptions Options(byte choice, ulong bits)
    {
        TcpOptions options = default;
        options.HasMss = (choice & 1) != 0;
        options.Mss = options.HasMss ? (ushort)bits : default;
        options.HasWindowScale = (choice & 2) != 0;
        options.WindowScale = options.HasWindowScale ? new WindowScale((int)(bits >> 16) & 15) : default;
        options.SackPermitted = (choice & 4) != 0;
        options.HasTimestamps = (choice & 8) != 0;
        options.TsVal = options.HasTimestamps ? (uint)bits : 0;
        options.TsEcr = options.HasTimestamps ? (uint)(bits >> 32) : 0;
        for (uint i = 0; i < ((choice >> 4) & 7) && i < SackBlocks.MaxBlocks; i++)
        {
            var left = new SeqNumber((uint)bits + (i * 5000));
            if (SackBlock.TryCreate(left, left + (1 + ((uint)(bits >> 32) & 0xfff)), out SackBlock block))
                options.Sack[options.SackCount++] = block;
        }

        return options;
    }

    /// <summary>The options as words, for comparing; SACK blocks as far as they fit.</summary>
    public static string[] Words(in TcpOptions options, int maxBlocks)
    {
        var words = new List<string>();
        if (options.HasMss)
            words.Add($"mss {options.Mss}");
        if (options.HasWindowScale)
            words.Add($"scale {options.WindowScale.Shift}");
        if (options.SackPermitted)
            words.Add("sack permitted");
        if (options.HasTimestamps)
            words.Add($"stamps {options.TsVal} {options.TsEcr}");
        for (int i = 0; i < Math.Min(options.SackCount, maxBlocks); i++)
            words.Add($"block {options.Sack[i].Left.Value} {options.Sack[i].Right.Value}");
        return [.. words.Order()];
    }

    /// <summary>The text of a segment or the body of a message, whatever PacketDotNet takes it for.</summary>
    public static byte[] Payload(Theirs.Packet packet) =>
        packet.HasPayloadPacket ? packet.PayloadPacket.Bytes : packet.PayloadData ?? [];
}
