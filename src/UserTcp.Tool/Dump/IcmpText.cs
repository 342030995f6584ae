using System.Globalization;
using System.Net;
using System.Text;
using PacketDotNet;

namespace UserTcp.Tool.Dump;

/// <summary>An ICMP message in tcpdump's words.</summary>
internal static class IcmpText
{
    private const int Header = 8, Target = 8, AddressBytes = 16, IcmpV6 = 58;

    public static async ValueTask<string> OfAsync(
        DecodedFrame decoded, NameBook names, CancellationToken cancellationToken)
    {
        string length = string.Create(CultureInfo.InvariantCulture, $", length {decoded.ContentLength}");
        string prefix = decoded.Protocol == IcmpV6 ? "ICMP6, " : "ICMP ";
        if (decoded.Content.Length < Header)
            return $"{prefix}[{Trace.Obstacle.Cut}]{length}";

        ReadOnlyMemory<byte> head = decoded.Content[..Header];
        if (decoded.Protocol != IcmpV6)
        {
            var message = new IcmpV4Packet(DecodedFrame.SegmentOf(head));
            bool isEcho = message.TypeCode is IcmpV4TypeCode.EchoRequest or IcmpV4TypeCode.EchoReply;
            return prefix + Words(message.TypeCode.ToString())
                + (isEcho ? Numbers(message.Id, message.Sequence) : "") + length;
        }

        var message6 = new IcmpV6Packet(DecodedFrame.SegmentOf(head));
        string text = prefix + Words(message6.Type.ToString());
        if (message6.Type is IcmpV6Type.EchoRequest or IcmpV6Type.EchoReply)
            return text + Numbers(Short(head, 4), Short(head, 6)) + length;
        if (message6.Type is not (IcmpV6Type.NeighborSolicitation or IcmpV6Type.NeighborAdvertisement)
            || decoded.Content.Length < Target + AddressBytes)
        {
            return text + length;
        }

        var about = new IPAddress(decoded.Content.Span.Slice(Target, AddressBytes));
        string word = message6.Type == IcmpV6Type.NeighborSolicitation ? ", who has " : ", tgt is ";
        return text + word + Terminal.ToolOutput.Clean(await names.HostAsync(about, cancellationToken)) + length;
    }

    private static string Numbers(int id, int sequence) =>
        string.Create(CultureInfo.InvariantCulture, $", id {id}, seq {sequence}");

    private static int Short(ReadOnlyMemory<byte> bytes, int at) => bytes.Span[at] << 8 | bytes.Span[at + 1];

    // EchoRequest is "echo request"; a number that has no name stays a number.
    private static string Words(string name)
    {
        if (char.IsDigit(name[0]))
            return $"type {name}";

        var words = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0)
                words.Append(' ');
            words.Append(char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }
}
