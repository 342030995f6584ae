using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Receive;

public sealed class ReceiverTests
{
    [Fact]
    [Rfc("9293 §3.8.5", "MUST-62")]
    public void Urgent_pointer_is_heard_after_half_a_circle()
    {
        var receiver = new Receiver(TcbBench.Defaults());
        receiver.OnSyn(new SeqNumber(0));
        Assert.True(receiver.OnUrgent(new SeqNumber(10)));
        for (int i = 0; i < 2500; i++)
        {
            receiver.OnInOrder(receiver.Next + (1 << 20), 1000, 1, filledHole: false);
        }

        Assert.False(receiver.HasUrgent);
        Assert.True(receiver.OnUrgent(receiver.Next + 5));
    }
}
