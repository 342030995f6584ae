using FsCheck.Xunit;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class IcmpMessageTests
{
    [Fact]
    public void An_echo_is_written_with_its_checksum_and_read_back()
    {
        byte[] bytes = new byte[13];

        int length = IcmpMessage.WriteEcho(bytes, IcmpType.EchoRequest, 0x1234, 7, "hello"u8);

        Assert.Equal("0800" + Convert.ToHexString(bytes, 2, 2) + "12340007" + "68656C6C6F", Convert.ToHexString(bytes));
        Assert.Equal(13, length);
        Assert.True(IcmpMessage.TryParse(bytes, out IcmpMessage echo));
        Assert.Equal(IcmpType.EchoRequest, echo.Type);
        Assert.Equal(0x1234, echo.Identifier);
        Assert.Equal(7, echo.SequenceNumber);
        Assert.Equal("hello"u8.ToArray(), echo.Body.ToArray());
        Assert.True(echo.HasValidChecksum);
        Assert.False(echo.IsError);
        Assert.Equal(0xffff, InternetChecksumTests.Naive(bytes));
    }

    [Fact]
    public void An_error_carries_its_rest_and_quote()
    {
        byte[] bytes = new byte[12];

        IcmpMessage.WriteError(
            bytes, IcmpType.DestinationUnreachable, (byte)IcmpUnreachableCode.FragmentationNeeded, 1400, [1, 2, 3, 4]);

        Assert.True(IcmpMessage.TryParse(bytes, out IcmpMessage error));
        Assert.True(error.IsError);
        Assert.True(error.HasValidChecksum);
        Assert.Equal(4, error.Code);
        Assert.Equal(1400, error.NextHopMtu);
        Assert.Equal([1, 2, 3, 4], error.Body.ToArray());
    }

    [Fact]
    public void Every_flipped_bit_spoils_the_checksum()
    {
        byte[] bytes = new byte[40];
        IcmpMessage.WriteEcho(bytes, IcmpType.EchoReply, 1, 2, InternetChecksumTests.Noise(32));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit & 7));
            Assert.True(IcmpMessage.TryParse(bytes, out IcmpMessage message));
            Assert.False(message.HasValidChecksum, $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit & 7));
        }
    }

    [Fact]
    public void Every_runt_is_refused()
    {
        for (int length = 0; length < IcmpMessage.HeaderSize; length++)
        {
            Assert.False(IcmpMessage.TryParse(new byte[length], out _), $"{length} bytes");
        }
    }

    [Fact]
    public void Only_the_five_error_types_are_errors()
    {
        int[] errors = [.. Enumerable.Range(0, 256).Where(static type => IcmpMessage.IsErrorType((IcmpType)type))];

        Assert.Equal([3, 4, 5, 11, 12], errors);
    }

    [Property]
    public void Random_bytes_never_throw(byte[] bytes)
    {
        if (IcmpMessage.TryParse(bytes, out IcmpMessage message))
            Assert.Equal(bytes.Length - 8, message.Body.Length);
        else
            Assert.True(bytes.Length < 8);
    }
}
