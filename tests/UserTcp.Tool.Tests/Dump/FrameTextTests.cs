using UserTcp.Tool.Dump;
using UserTcp.Tool.Tests.Trace;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Dump;

public sealed class FrameTextTests
{
    private const string Macs = "020000000002 020000000001";
    private const string Hosts = "0a000001 0a000002";

    [Theory]
    [InlineData(2, 100, 0, 0, "020405b4 0402 080a 00000007 00000000 01 030307",
        "Flags [S], seq 100, win 1000, options [mss 1460,sackOK,TS val 7 ecr 0,nop,wscale 7], length 0")]
    [InlineData(24, 100, 7, 5, "", "Flags [P.], seq 100:105, ack 7, win 1000, length 5")]
    [InlineData(16, 100, 7, 0, "", "Flags [.], ack 7, win 1000, length 0")]
    [InlineData(20, 100, 7, 0, "", "Flags [R.], seq 100, ack 7, win 1000, length 0")]
    [InlineData(0xC2, 100, 0, 0, "", "Flags [SEW], seq 100, win 1000, length 0")]
    [InlineData(0x31, 100, 7, 1, "", "Flags [F.U], seq 100:101, ack 7, win 1000, urg 0, length 1")]
    [InlineData(16, 100, 7, 0, "0101 050a 00000008 00000009",
        "Flags [.], ack 7, win 1000, options [nop,nop,sack 1 {8:9}], length 0")]
    [InlineData(2, 100, 0, 0, "0800 0101", "Flags [S], seq 100, win 1000, options [[bad opt]], length 0")]
    [InlineData(2, 100, 0, 0, "fd04 0001", "Flags [S], seq 100, win 1000, options [unknown-253 0x0001], length 0")]
    [InlineData(0, 100, 0, 0, "00000000", "Flags [none], win 1000, options [eol,eol,eol,eol], length 0")]
    public async Task Tcp_is_told_as_tcpdump_does(
        byte flags, uint seq, uint ack, int length, string options, string text)
    {
        byte[] frame = CaptureBytes.Frame(seq, ack, flags, length, options: Bytes(options));

        Assert.Equal($"IP 10.0.0.1.1000 > 10.0.0.2.80: {text}", await TextOf(1, frame));
    }

    [Theory]
    [InlineData(1, Macs + "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002",
        "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28")]
    [InlineData(1, Macs + "0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002 0000",
        "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 30")]
    [InlineData(1, Macs + "0806 0001 0800 06 04 0001", "ethertype ARP (0x0806), length 8")]
    [InlineData(1, Macs + "88cc 0207", "ethertype LLDP (0x88cc), length 2")]
    [InlineData(101, "45000020 00000000 4011 0000" + Hosts + "0035 1000 000c 0000 01020304",
        "IP 10.0.0.1.53 > 10.0.0.2.4096: UDP, length 4")]
    [InlineData(101, "4500001c 00000000 4001 0000" + Hosts + "0800 0000 0001 0002",
        "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 8")]
    [InlineData(101, "4500001c 00000000 4001 0000" + Hosts + "0303 0000 0000 0000",
        "IP 10.0.0.1 > 10.0.0.2: ICMP unreachable port, length 8")]
    [InlineData(101, "60000000 0018 3a ff 20010db8000000000000000000000001 20010db8000000000000000000000002"
        + "8700 0000 00000000 20010db8000000000000000000000002",
        "IP6 2001:db8::1 > 2001:db8::2: ICMP6, neighbor solicitation, who has 2001:db8::2, length 24")]
    [InlineData(101, "45000018 00000000 4059 0000" + Hosts + "00000000",
        "IP 10.0.0.1 > 10.0.0.2: Ospf, length 4")]
    [InlineData(101, "45000018 00002000 4006 0000" + Hosts + "00500050",
        "IP 10.0.0.1 > 10.0.0.2: TCP fragment, length 4")]
    [InlineData(101, "45000028 00000000 4006 0000" + Hosts + "0050",
        "IP 10.0.0.1 > 10.0.0.2: [cut before the TCP header], length 20")]
    [InlineData(101, "43000028 00000000 4006 0000" + Hosts, "[with a header that contradicts itself], length 20")]
    [InlineData(105, "0000", "[of link type 105 (IEEE 802.11), which is not read], length 2")]
    public async Task Other_frames_are_told_by_their_headers(int link, string frame, string text) =>
        Assert.Equal(text, await TextOf(link, Bytes(frame)));

    [Fact]
    public async Task Numbers_count_from_the_first_acknowledgment_of_a_connection()
    {
        var text = new FrameText(new NameBook(isNumeric: true), isVerbose: false, showsLink: false);
        string[] lines =
        [
            await TextOf(text, CaptureBytes.Frame(1000, 0, 2, 0)),
            await TextOf(text, CaptureBytes.Frame(5000, 1001, 18, 0, isBack: true)),
            await TextOf(text, CaptureBytes.Frame(1001, 5001, 24, 10)),
            await TextOf(text, CaptureBytes.Frame(
                5001, 1011, 16, 0, isBack: true, options: Bytes("0101 050a 000003fd 00000401"))),
            await TextOf(text, CaptureBytes.Frame(9000, 7777, 18, 0, isBack: true)), // another connection
            await TextOf(text, CaptureBytes.Frame(7777, 9001, 17, 0)),
        ];

        Assert.Equal(
            [
                "[S], seq 1000, win 1000, length 0", "[S.], seq 5000, ack 1001, win 1000, length 0",
                "[P.], seq 1:11, ack 1, win 1000, length 10",
                "[.], ack 11, win 1000, options [nop,nop,sack 1 {21:25}], length 0",
                "[S.], seq 9000, ack 7777, win 1000, length 0", "[F.], seq 1, ack 1, win 1000, length 0",
            ],
            lines.Select(line => line[(line.IndexOf("Flags", StringComparison.Ordinal) + 6)..]));
    }

    [Theory]
    [InlineData("one-tag", "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q (0x8100), length 58: "
        + "vlan 100, p 0, ethertype IPv4 (0x0800), IP 10.0.0.1")]
    [InlineData("pppoe", "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype PPPoE S (0x8864), length 62: "
        + "PPPoE [ses 0x1] IP 10.0.0.1")]
    [InlineData("sll", "In 02:00:00:00:00:01, ethertype IPv4 (0x0800), length 56: IP 10.0.0.1")]
    [InlineData("sll2", "ifindex 1 In 02:00:00:00:00:01, ethertype IPv4 (0x0800), length 60: IP 10.0.0.1")]
    [InlineData("gre", "IP 10.9.0.1 > 10.9.0.2: GREv0, length 52: IP 10.0.0.1")]
    public async Task Headers_of_the_link_are_shown_if_asked_for(string name, string begin)
    {
        Wrapping wrapping = Wrapping.All.Single(wrapping => wrapping.Name == name);
        byte[] frame = wrapping.Wrap(CaptureBytes.Segment(1234, 99, 7, 24, 0));
        string text = await TextOf(
            new FrameText(new NameBook(isNumeric: true), isVerbose: false, showsLink: true), frame, wrapping.Link);

        Assert.StartsWith(begin, text, StringComparison.Ordinal);
        Assert.EndsWith(".1234 > 10.0.0.2.80: Flags [P.], ack 7, win 1000, length 0", text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_wrapping_shows_the_segment()
    {
        foreach (Wrapping wrapping in Wrapping.All)
        {
            byte[] frame = wrapping.Wrap(CaptureBytes.Segment(1234, 99, 7, 24, 5));
            string hosts = wrapping.IsIpv6 ? "IP6 2001:db8::1.1234 > 2001:db8::2.80" : "IP 10.0.0.1.1234 > 10.0.0.2.80";
            Assert.EndsWith(
                $"{hosts}: Flags [P.], seq 99:104, ack 7, win 1000, length 5", await TextOf(wrapping.Link, frame),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Details_are_the_fields_of_the_IP_header_and_whether_the_checksum_is_right()
    {
        byte[] right = Bytes(
            "45000028 00014000 4006 0000 0a000001 0a000002 03e80050 00000001 00000000 50020005 97a2 0000");
        var text = new FrameText(new NameBook(isNumeric: true), isVerbose: true, showsLink: false);
        byte[] wrong = [.. right];
        wrong[36] ^= 1;

        Assert.Equal(
            "IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)\n    "
            + "10.0.0.1.1000 > 10.0.0.2.80: Flags [S], cksum 0x97a2 (correct), seq 1, win 5, length 0", await TextOf(text, right, 101));
        Assert.Contains("cksum 0x96a2 (incorrect -> 0x97a2)", await TextOf(text, wrong, 101), StringComparison.Ordinal);
        Assert.Contains("cksum 0x97a2, seq", await TextOf(text, [.. right[..2], 0, 60, .. right[4..]], 101),
            StringComparison.Ordinal); // cut: nobody knows
    }

    /// <summary>A stranger chooses the length of a MAC address in a cooked header; PacketDotNet believes it.</summary>
    [Fact]
    public async Task What_PacketDotNet_cannot_decode_is_told_as_not_decoded()
    {
        byte[] frame = [.. Bytes("0000 0001 ffff 0200000000010000 0800"), .. new byte[20]];
        var text = new FrameText(new NameBook(isNumeric: true), isVerbose: false, showsLink: true);

        Assert.Equal("[not decoded], length 36", await TextOf(text, frame, 113));
    }

    internal static Task<string> TextOf(int link, byte[] frame) => TextOf(
        new FrameText(new NameBook(isNumeric: true), isVerbose: false, showsLink: false), frame, link);

    private static async Task<string> TextOf(FrameText text, byte[] frame, int link = 1)
    {
        var captured = new CapturedFrame(0, (LinkType)link, frame);
        return await text.OfAsync(captured, DecodedFrame.Of(captured), CancellationToken.None);
    }

    private static byte[] Bytes(string digits) =>
        Convert.FromHexString(digits.Replace(" ", "", StringComparison.Ordinal));
}
