using System.Buffers.Binary;
using UserTcp.Primitives;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Stack;
using UserTcp.Tests.Wire;
using UserTcp.Wire;

namespace UserTcp.Tests.Stress;

/// <summary>
/// What somebody sends who means harm: noise, frames that were overheard and changed, floods and forgeries, by seed. It
/// never guesses the exact next octet of a stream, which would be a break and not a nuisance.
/// </summary>
internal sealed class HostileFrames(int seed)
{
    private const int Remembered = 64;
    private static readonly MacAddress s_mac = MacAddress.CreateLocal([0xee, 0xee]);

    private readonly Random _random = new(seed);
    private readonly List<SentFrame> _overheard = [];
    private readonly byte[] _kinds = new byte[256];

    /// <summary>How many kinds of frames were made.</summary>
    public int Kinds => _kinds.Count(kind => kind != 0);

    public void Overhear(byte[] frame)
    {
        var sent = new SentFrame(frame, default);
        if (sent.IsArp)
            return;
        if (_overheard.Count == Remembered)
            _overheard.RemoveAt(0);
        _overheard.Add(sent);
    }

    /// <summary>The next frame for the victim, who talks with a friend.</summary>
    public byte[] Next(TestHost victim, TestHost friend)
    {
        int kind = _random.Next(12);
        _kinds[kind] = 1;
        return kind switch
        {
            0 => Noise(victim),
            1 => Changed(),
            2 => Resized(),
            3 => Overheard().Bytes,
            4 => ToTcp(victim, Stranger(), TcpFlags.Syn, Port(), 80, Options()),
            5 => ToTcp(victim, Stranger(), Flags(), Port(), _random.Next(2) == 0 ? (ushort)80 : Port(), Options()),
            6 => InFlow(victim, friend),
            7 => NearFlow(victim),
            8 => Icmp(victim, friend),
            9 => Fragment(victim),
            10 => Arp(victim),
            _ => Odd(victim),
        };
    }

    public static byte[] Segment(
        HostAddress source, HostAddress destination, ushort from, ushort to, TcpFlags flags, uint seq, uint ack,
        ushort window, byte[]? options = null, byte[]? text = null)
    {
        int optionBytes = ((options?.Length ?? 0) + 3) / 4 * 4;
        var bytes = new byte[20 + optionBytes + (text?.Length ?? 0)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, from);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), to);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), seq);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), ack);
        bytes[12] = (byte)((5 + optionBytes / 4) << 4);
        bytes[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(14), window);
        options?.CopyTo(bytes, 20);
        text?.CopyTo(bytes, 20 + optionBytes);
        var pseudo = new byte[12];
        source.WriteV4(pseudo);
        destination.WriteV4(pseudo.AsSpan(4));
        pseudo[9] = 6;
        BinaryPrimitives.WriteUInt16BigEndian(pseudo.AsSpan(10), (ushort)bytes.Length);
        ushort sum = (ushort)~InternetChecksumTests.Naive([.. pseudo, .. bytes]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(16), sum);
        return Packets.Ipv4(source, destination, bytes);
    }

    private HostAddress Stranger() => HostAddress.FromV4(0x0a000000u + 0x1000u + (uint)_random.Next(0x8000));

    private ushort Port() => (ushort)_random.Next(0x10000);

    private TcpFlags Flags() => (TcpFlags)_random.Next(256);

    private uint Number() => (uint)_random.NextInt64(1L << 32);

    private byte[] Bytes(int most)
    {
        var bytes = new byte[_random.Next(most + 1)];
        _random.NextBytes(bytes);
        return bytes;
    }

    // Random octets seldom make an option: half of the time kinds and lengths are nearly right.
    private byte[] Options()
    {
        byte[] bytes = Bytes(40);
        for (int i = 0; i + 1 < bytes.Length && _random.Next(2) == 0; i += 1 + _random.Next(12))
        {
            bytes[i] = (byte)_random.Next(10);
            bytes[i + 1] = (byte)_random.Next(14);
        }

        return bytes;
    }

    private SentFrame Overheard() => _overheard[_random.Next(_overheard.Count)];

    private byte[] Frame(TestHost victim, byte[] packet) =>
        Packets.Frame(victim.Core.Config.MacAddress, s_mac, 0x0800, packet);

    private byte[] Noise(TestHost victim)
    {
        byte[] bytes = Bytes(1500);
        if (bytes.Length >= 6 && _random.Next(2) == 0)
            victim.Core.Config.MacAddress.CopyTo(bytes);
        if (bytes.Length >= 15 && _random.Next(2) == 0)
            (bytes[12], bytes[13], bytes[14]) = (8, 0, 0x45);
        return bytes;
    }

    // One word changed: the sum finds that always, as it does not two.
    private byte[] Changed()
    {
        byte[] bytes = (byte[])Overheard().Bytes.Clone();
        int word = 14 + _random.Next((bytes.Length - 14) / 2) * 2;
        bytes[word] ^= (byte)(1 << _random.Next(8));
        return bytes;
    }

    private byte[] Resized()
    {
        byte[] bytes = Overheard().Bytes;
        return _random.Next(2) == 0
            ? bytes[.._random.Next(bytes.Length)]
            : [.. bytes, .. Bytes(Math.Max(0, 1514 - bytes.Length))];
    }

    private byte[] ToTcp(
        TestHost victim, HostAddress source, TcpFlags flags, ushort from, ushort to, byte[] options) => Frame(
        victim,
        Segment(source, victim.Address, from, to, flags, Number(), Number(), Port(), options, Bytes(100)));

    /// <summary>In the name of the friend, with numbers that are guessed.</summary>
    private byte[] InFlow(TestHost victim, TestHost friend)
    {
        SentFrame seen = Overheard();
        bool isFriends = seen.Source == friend.Address;
        return ToTcp(
            victim, friend.Address, Flags(), isFriends ? seen.SourcePort : seen.DestinationPort,
            isFriends ? seen.DestinationPort : seen.SourcePort, Options());
    }

    /// <summary>RST or SYN in the window, but not at its edge (RFC 5961 §3.2, §4.2).</summary>
    private byte[] NearFlow(TestHost victim)
    {
        SentFrame seen = Overheard();
        if (seen.Destination != victim.Address || seen.Protocol != IpProtocol.Tcp || seen.Text.Length < 100)
            return Noise(victim);
        TcpFlags flags = _random.Next(2) == 0 ? TcpFlags.Rst : TcpFlags.Syn;
        return Frame(victim, Segment(
            seen.Source, seen.Destination, seen.SourcePort, seen.DestinationPort, flags | TcpFlags.Ack,
            seen.Seq + (uint)seen.Text.Length + 7, seen.Ack, 1000));
    }

    /// <summary>Every type and code, about what the victim did send, or nearly so.</summary>
    private byte[] Icmp(TestHost victim, TestHost friend)
    {
        byte[] quoted = Overheard().Bytes[14..];
        byte[] quote = quoted[..Math.Min(quoted.Length, _random.Next(64))];
        if (quote.Length > 28 && _random.Next(2) == 0)
            quote[_random.Next(quote.Length)] ^= (byte)_random.Next(256);
        var type = (IcmpType)(_random.Next(2) == 0 ? _random.Next(19) : _random.Next(256));
        byte[] message = StackBench.Icmp(type, (byte)_random.Next(20), (uint)_random.Next(3000), quote);
        HostAddress source = _random.Next(2) == 0 ? Stranger() : friend.Address;
        return Frame(victim, Packets.Ipv4(source, victim.Address, message, protocol: 1));
    }

    private byte[] Fragment(TestHost victim)
    {
        int place = _random.Next(4) == 0 ? _random.Next(0x2000) : _random.Next(40);
        int flags = _random.Next(2) == 0 ? 0x2000 : 0;
        HostAddress source = HostAddress.FromV4(0x0a001000u + (uint)_random.Next(100));
        byte protocol = (byte)(_random.Next(2) == 0 ? 6 : 1);
        return Frame(victim, Packets.Ipv4(
            source, victim.Address, Bytes(1400), protocol, (ushort)_random.Next(4), flags | place));
    }

    private byte[] Arp(TestHost victim)
    {
        var mac = new byte[6];
        _random.NextBytes(mac);
        HostAddress sender = _random.Next(20) == 0 ? victim.Address : Stranger();
        HostAddress target = _random.Next(2) == 0 ? victim.Address : Stranger();
        var bytes = new byte[ArpPacket.Size];
        new ArpPacket((ArpOperation)_random.Next(4), new MacAddress(mac), sender, s_mac, target).WriteTo(bytes);
        MacAddress to = _random.Next(2) == 0 ? victim.Core.Config.MacAddress : MacAddress.Broadcast;
        return Packets.Frame(to, s_mac, 0x0806, bytes[..(bytes.Length - (_random.Next(10) == 0 ? 1 : 0))]);
    }

    /// <summary>IP headers as nobody sends them, with good sums.</summary>
    private byte[] Odd(TestHost victim)
    {
        byte[] options = new byte[_random.Next(11) * 4];
        _random.NextBytes(options);
        HostAddress source = _random.Next(4) switch
        {
            0 => victim.Address,
            1 => HostAddress.FromV4(0xffffffff),
            2 => HostAddress.FromV4(Number()),
            _ => Stranger(),
        };
        byte[] packet = Packets.Ipv4(source, victim.Address, Bytes(200), (byte)_random.Next(256), 0, 0, options);
        if (_random.Next(2) == 0)
            packet[_random.Next(10)] = (byte)_random.Next(256);
        return Frame(victim, _random.Next(2) == 0 && (packet[0] & 15) * 4 <= packet.Length
            ? Packets.Resum(packet)
            : packet);
    }
}
